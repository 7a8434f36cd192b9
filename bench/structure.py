"""How the code is laid out: rooms, arrows between them, sizes, and how much of it is explained.

    python -m bench.structure

Prints tables; nothing is run but the reading of the files. Rooms are folders; an arrow is one room that imports another.
"""

from __future__ import annotations

import ast
import io
import re
import statistics
import subprocess
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent
APPS = ("core", "teams", "previz", "projects", "generation", "storyboard", "imageai_web")
#: Kept as it is until the renderer that replaces it: its modules would count as rooms of their own.
LEFT_OUT = ("migrations", "providers/drawing")
SILENCED = re.compile(r"# noqa|# type: ignore|djlint:off")


def sources() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [Path(line) for line in listed.splitlines() if line.split("/")[0] in APPS]
    return [path for path in paths if not any(part in str(path) for part in LEFT_OUT)]


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def comments(source: str) -> int:
    return sum(token.type == tokenize.COMMENT for token in tokenize.generate_tokens(io.StringIO(source).readline))


def show_sizes(paths: list[Path]) -> None:
    modules, lines = Counter[str](), Counter[str]()
    for path in paths:
        modules[str(path.parent)] += path.name != "__init__.py"
        lines[path.parts[0]] += len((ROOT / path).read_text().splitlines())
    print("modules per folder")
    for folder, count in sorted(modules.items()):
        print(f"  {folder:32} {count:4}")
    print("lines per app, without tests")
    for app in APPS:
        print(f"  {app:32} {lines[app]:6}")
    print("longest files")
    sized = sorted(((len((ROOT / path).read_text().splitlines()), str(path)) for path in paths), reverse=True)
    for count, name in sized[:5]:
        print(f"  {name:48} {count:4}")


def show_explanations(paths: list[Path]) -> None:
    described = total = noted = lines = broad = 0
    views: list[int] = []
    for path in paths:
        source = (ROOT / path).read_text()
        tree = ast.parse(source)
        found = list(functions(tree))
        total += len(found)
        described += sum(ast.get_docstring(node) is not None for node in found)
        noted += comments(source)
        lines += len(source.splitlines())
        broad += source.count("except Exception")
        if "views" in path.parts:
            views += [length(node) for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    deciles = statistics.quantiles(views, n=10)
    print(f"functions with a docstring         {described} of {total} ({described / total:.0%})")
    print(f"comments per 100 lines             {100 * noted / lines:.1f}")
    print(f"except Exception                   {broad}")
    print(f"functions in views, lines          median {statistics.median(views):.0f}, 90 % within {deciles[8]:.0f}")


def show_silenced() -> None:
    listed = subprocess.run(["git", "ls-files", "*.py", "*.html"], cwd=ROOT, capture_output=True, text=True, check=True)
    texts = [(path, (ROOT / path).read_text()) for path in listed.stdout.splitlines() if "/migrations/" not in path]
    found = Counter({path: len(SILENCED.findall(text)) for path, text in texts if SILENCED.search(text)})
    print(
        f"silenced checks, tests too         {sum(found.values())}: {', '.join(f'{p} {n}' for p, n in found.items())}"
    )


def room_of(module: str) -> str:
    """The folder of a module: `generation.pipeline.poll` and `generation.pipeline` are both of `generation.pipeline`."""
    is_folder = (ROOT / module.replace(".", "/")).is_dir()
    return module if is_folder else module.rpartition(".")[0]


def show_arrows() -> None:
    graph = grimp.build_graph(*(app for app in APPS if (ROOT / app).is_dir()), cache_dir=None)
    arrows: dict[str, set[str]] = defaultdict(set)
    for module in graph.modules:
        if any(part.replace("/", ".") in module for part in LEFT_OUT):
            continue
        for imported in graph.find_modules_directly_imported_by(module):
            if (here := room_of(module)) != (there := room_of(imported)):
                arrows[here].add(there)
    both = {tuple(sorted((a, b))) for a in arrows for b in arrows[a] if a in arrows.get(b, set())}
    modules = sum(len(graph.find_modules_directly_imported_by(module)) for module in graph.modules)
    rooms = {*arrows, *set().union(*arrows.values())}
    print(f"rooms {len(rooms)}, arrows between rooms {sum(map(len, arrows.values()))}, imports {modules}")
    print(f"rooms that import one another: {', '.join(' <-> '.join(pair) for pair in sorted(both)) or 'none'}")


def main() -> None:
    paths = sources()
    show_sizes(paths)
    show_arrows()
    show_explanations(paths)
    show_silenced()


if __name__ == "__main__":
    main()
