/* Plays a storyboard as one film. Two players take turns: while one plays, the other already holds the next clip. What has no
   take, or whose clip cannot be played, is a still for as long as its scene lasts. */
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
  let clock = 0; // when the still's offset was last counted on

  const scene = () => scenes[index];
  const clockTime = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds) % 60).padStart(2, "0")}`;

  // -- One scene ---------------------------------------------------------------------------------------------------------

  function load(video, wanted) {
    if (video.dataset.clip === wanted.clip) return;
    video.dataset.clip = wanted.clip;
    video.poster = wanted.still;
    if (wanted.clip) video.src = wanted.clip;
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
    tellScene();
    tellTime();
  }

  // The small picture stands in for the large one until that is there: a sketch may have to be drawn first.
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

  // The next clip loads while this scene plays; the next still too.
  function prepareNext() {
    const next = scenes[index + 1];
    if (!next) return;
    if (next.clip) load(spare, next);
    else new Image().src = next.still;
  }

  function run() {
    clock = performance.now();
    if (!isPlaying || !scene().clip) return;
    player.play().catch((error) => { if (error.name === "NotAllowedError") setPlaying(false); });
  }

  function advance() {
    if (index + 1 < scenes.length) show(index + 1);
    else {
      setPlaying(false);
      offset = scene().seconds;
      tellTime();
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

  function setPlaying(wanted) {
    if (wanted && index === scenes.length - 1 && offset >= scene().seconds - 0.05) show(0);
    isPlaying = wanted;
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
    else offset += (now - clock) / 1000;
    clock = now;
    if (!scene().clip && offset >= scene().seconds) advance();
    tellTime();
    requestAnimationFrame(tick);
  }

  function seek(seconds) {
    const wanted = Math.max(0, Math.min(seconds, total));
    const found = scenes.findLastIndex((one) => one.start <= wanted + 0.001);
    show(found, Math.min(wanted - scenes[found].start, scenes[found].seconds));
  }

  const place = () => scene().start + offset;
  const toScene = (number) => show(Math.max(0, Math.min(number, scenes.length - 1)));

  const does = {
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

  // -- What people see ----------------------------------------------------------------------------------------------------

  const seeker = $("[data-seek]");

  function tellScene() {
    $(".film-title").textContent = scene().title;
    for (const one of scenes) one.block.classList.toggle("is-current", one === scene());
    const link = $("a", scene().block);
    for (const other of $$(".film-scenes [aria-current]")) other.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
    const strip = $("[data-strip]");
    const { offsetLeft: left, offsetWidth: width } = scene().block;
    if (left < strip.scrollLeft || left + width > strip.scrollLeft + strip.clientWidth) {
      strip.scrollTo({ left: left - strip.clientWidth / 4, behavior: isCalm ? "auto" : "smooth" });
    }
  }

  function tellTime() {
    const now = place();
    $("[data-time]").textContent = clockTime(now);
    seeker.value = now;
    seeker.setAttribute("aria-valuetext", `${clockTime(now)} of ${clockTime(total)}, ${scene().title}`);
  }

  film.addEventListener("click", (event) => {
    const button = event.target.closest("[data-film]");
    const block = event.target.closest(".film-scenes > li");
    if (button) does[button.dataset.film]();
    else if (event.target.closest("[data-screen]")) does.toggle();
    else if (block && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      const box = block.getBoundingClientRect();
      const one = scenes.find((other) => other.block === block);
      const part = event.detail ? (event.clientX - box.left) / box.width : 0; // a click by keyboard has no place
      seek(one.start + part * one.seconds);
    }
  });
  seeker.addEventListener("input", () => seek(Number(seeker.value)));

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open], :popover-open")) return;
    if (event.target.closest("input:not([type=range]), textarea, select")) return;
    const isPressed = event.key === " " && event.target.closest("button");
    const act = {
      " ": does.toggle,
      ArrowLeft: does.previous,
      ArrowRight: does.next,
      Home: () => seek(0),
      End: () => toScene(scenes.length - 1),
      m: does.mute,
      f: does.full,
    }[event.key];
    if (!act || isPressed) return;
    event.preventDefault();
    act();
  });

  // -- Begin ---------------------------------------------------------------------------------------------------------------

  film.classList.add("is-ready");
  for (const element of [$("[data-controls]"), seeker]) element.hidden = false;
  for (const one of scenes) {
    one.block.style.flexGrow = one.seconds;
    one.block.title = `${one.title}, ${clockTime(one.seconds)}`;
  }
  $(".film-scenes").style.minWidth = seeker.style.minWidth = `${Math.round(total * PIXELS_PER_SECOND)}px`;
  $("[data-total]").textContent = clockTime(total);
  seeker.max = total;
  show(0);
})();
