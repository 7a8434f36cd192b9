/* Plays a storyboard as one film. Two players alternate: while one plays, the other preloads the next clip. A scene without a
   take, or with a clip that fails to play, shows a still for its duration. */
(() => {
  "use strict";

  const film = document.querySelector("#animatic");
  if (!film) return;
  const $ = (selector, root = film) => root.querySelector(selector);
  const $$ = (selector, root = film) => [...root.querySelectorAll(selector)];
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const PIXELS_PER_SECOND = 10;

  let start = 0;
  const scenes = $$(".film-scenes > li").map((block) => {
    const scene = { block, start, seconds: Number(block.dataset.seconds), clip: block.dataset.clip || "", still: block.dataset.still, small: $("img", block).src, title: block.dataset.title };
    start += scene.seconds;
    return scene;
  });
  const total = start;

  const still = Object.assign(document.createElement("img"), { alt: "", className: "film-still" });
  const makePlayer = () => Object.assign(document.createElement("video"), { playsInline: true, preload: "auto", className: "film-clip" });
  let [player, spare] = [makePlayer(), makePlayer()];
  $("[data-screen]").append(still, player, spare);

  let index = 0;
  let offset = 0; // seconds into the scene
  let isPlaying = false;
  let lastTick = 0; // when `offset` was last advanced

  const scene = () => scenes[index];
  const clockTime = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds) % 60).padStart(2, "0")}`;

  // -- One scene ---------------------------------------------------------------------------------------------------------

  function load(video, { clip, still: poster }) {
    if (video.dataset.clip === clip) return;
    video.dataset.clip = clip;
    video.poster = poster;
    if (clip) video.src = clip;
    else video.removeAttribute("src");
    video.load();
  }

  function show(number, at = 0) {
    index = number;
    offset = at;
    const { clip, still: picture } = scene();
    player.pause();
    if (clip) {
      if (spare.dataset.clip === clip) [player, spare] = [spare, player];
      load(player, scene());
      seekPlayer(at);
    } else {
      showStill(picture);
    }
    for (const [element, isShown] of [[still, !clip], [player, Boolean(clip)], [spare, false]]) element.classList.toggle("is-shown", isShown);
    spare.pause();
    prepareNext();
    run();
    renderScene();
    renderTime();
  }

  // Shows the thumbnail until the large image has loaded: the server may have to draw a previz first.
  function showStill(picture) {
    const large = Object.assign(new Image(), { fetchPriority: "high", src: picture });
    still.src = large.complete ? picture : scene().small;
    large.decode().then(() => { if (scene().still === picture) still.src = picture; }).catch(() => {});
  }

  function seekPlayer(at) {
    const { clip } = scene();
    const seek = () => { if (player.dataset.clip === clip && Math.abs(player.currentTime - at) > 0.04) player.currentTime = at; };
    if (player.readyState >= HTMLMediaElement.HAVE_METADATA) seek();
    else player.addEventListener("loadedmetadata", seek, { once: true });
  }

  // Preloads the next scene's clip or still while this one plays.
  function prepareNext() {
    const next = scenes[index + 1];
    if (!next) return;
    if (next.clip) load(spare, next);
    else new Image().src = next.still;
  }

  function run() {
    lastTick = performance.now();
    if (!isPlaying || !scene().clip) return;
    player.play().catch((error) => { if (error.name === "NotAllowedError") setPlaying(false); });
  }

  function advance() {
    if (index + 1 < scenes.length) show(index + 1);
    else {
      setPlaying(false);
      offset = scene().seconds;
      renderTime();
    }
  }

  for (const video of [player, spare]) {
    video.addEventListener("ended", () => { if (video === player && isPlaying) advance(); });
    video.addEventListener("error", () => {
      const broken = scenes.find(({ clip }) => clip && clip === video.dataset.clip);
      if (!broken) return;
      broken.clip = "";
      if (broken === scene()) show(index, offset);
    });
  }

  // -- The whole film ----------------------------------------------------------------------------------------------------

  function setPlaying(shouldPlay) {
    if (shouldPlay && index === scenes.length - 1 && offset >= scene().seconds - 0.05) show(0);
    isPlaying = shouldPlay;
    film.classList.toggle("is-playing", isPlaying);
    $("[data-film=toggle]").setAttribute("aria-pressed", String(isPlaying));
    if (isPlaying) {
      run();
      requestAnimationFrame(tick);
    } else {
      player.pause();
    }
  }

  function tick(now) {
    if (!isPlaying) return;
    if (scene().clip) offset = Math.min(player.currentTime, scene().seconds);
    else offset += (now - lastTick) / 1000;
    lastTick = now;
    if (!scene().clip && offset >= scene().seconds) advance();
    renderTime();
    requestAnimationFrame(tick);
  }

  function seek(seconds) {
    const target = Math.max(0, Math.min(seconds, total));
    const number = scenes.findLastIndex(({ start: begin }) => begin <= target + 0.001);
    show(number, Math.min(target - scenes[number].start, scenes[number].seconds));
  }

  const position = () => scene().start + offset;
  const toScene = (number) => show(Math.max(0, Math.min(number, scenes.length - 1)));

  const commands = {
    toggle: () => setPlaying(!isPlaying),
    previous: () => toScene(offset > 1 ? index : index - 1),
    next: () => toScene(index + 1),
    mute: () => {
      player.muted = spare.muted = !player.muted;
      film.classList.toggle("is-muted", player.muted);
      $("[data-film=mute]").setAttribute("aria-pressed", String(player.muted));
    },
    full: () => (document.fullscreenElement ? document.exitFullscreen() : film.requestFullscreen?.().catch(() => {})),
  };

  // -- Display -------------------------------------------------------------------------------------------------------------

  const seeker = $("[data-seek]");

  function renderScene() {
    $(".film-title").textContent = scene().title;
    for (const other of scenes) other.block.classList.toggle("is-current", other === scene());
    const link = $("a", scene().block);
    for (const other of $$(".film-scenes [aria-current]")) other.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
    const strip = $("[data-strip]");
    const { offsetLeft: left, offsetWidth: width } = scene().block;
    if (left < strip.scrollLeft || left + width > strip.scrollLeft + strip.clientWidth) {
      strip.scrollTo({ left: left - strip.clientWidth / 4, behavior: isCalm ? "auto" : "smooth" });
    }
  }

  function renderTime() {
    const now = position();
    $("[data-time]").textContent = clockTime(now);
    seeker.value = now;
    seeker.setAttribute("aria-valuetext", `${clockTime(now)} of ${clockTime(total)}, ${scene().title}`);
  }

  film.addEventListener("click", (event) => {
    const button = event.target.closest("[data-film]");
    const block = event.target.closest(".film-scenes > li");
    if (button) commands[button.dataset.film]();
    else if (event.target.closest("[data-screen]")) commands.toggle();
    else if (block && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      const box = block.getBoundingClientRect();
      const clicked = scenes.find((other) => other.block === block);
      const fraction = event.detail ? (event.clientX - box.left) / box.width : 0; // a click by keyboard has no coordinates
      seek(clicked.start + fraction * clicked.seconds);
    }
  });
  seeker.addEventListener("input", () => seek(Number(seeker.value)));

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open], :popover-open")) return;
    if (event.target.closest("input:not([type=range]), textarea, select")) return;
    // Space on a focused button presses it already.
    const isPressed = event.key === " " && event.target.closest("button");
    const command = {
      " ": commands.toggle,
      ArrowLeft: commands.previous,
      ArrowRight: commands.next,
      Home: () => seek(0),
      End: () => toScene(scenes.length - 1),
      m: commands.mute,
      f: commands.full,
    }[event.key];
    if (!command || isPressed) return;
    event.preventDefault();
    command();
  });

  // -- Start ---------------------------------------------------------------------------------------------------------------

  film.classList.add("is-ready");
  for (const element of [$("[data-controls]"), seeker]) element.hidden = false;
  for (const { block, seconds, title } of scenes) {
    block.style.flexGrow = seconds;
    block.title = `${title}, ${clockTime(seconds)}`;
  }
  $(".film-scenes").style.minWidth = seeker.style.minWidth = `${Math.round(total * PIXELS_PER_SECOND)}px`;
  $("[data-total]").textContent = clockTime(total);
  seeker.max = total;
  show(0);
})();
