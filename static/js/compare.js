/* Two takes with one scrubber. The longer clip leads; the shorter one holds its last frame. */
(() => {
  "use strict";

  const root = document.querySelector("[data-compare]");
  const bar = root.querySelector("[data-compare-bar]");
  const videos = [...root.querySelectorAll("video")];
  const play = bar.querySelector("[data-compare-play]");
  const position = bar.querySelector("[data-compare-position]");
  const time = bar.querySelector("[data-compare-time]");
  const mutes = [...bar.querySelectorAll("[data-compare-mute]")];
  /** Seconds the clips may drift apart before both pause to resynchronize. */
  const DRIFT = 0.1;

  const fps = Math.max(...videos.map((video) => Number(video.dataset.fps) || 24));
  const usable = () => videos.filter((video) => !video.error && video.duration > 0);
  const lead = () => usable().reduce((longest, video) => (video.duration > longest.duration ? video : longest));
  // The middle of the last frame: a browser may show nothing at the very end.
  const lastFrame = (video) => Math.max(0, video.duration - 0.5 / (Number(video.dataset.fps) || 24));
  let playing = false;
  let syncing = false;

  function show() {
    const at = Math.min(lead().currentTime, lead().duration);
    if (document.activeElement !== position || playing) position.value = at;
    time.textContent = `${at.toFixed(2)} of ${lead().duration.toFixed(2)} s`;
    position.setAttribute("aria-valuetext", time.textContent);
    play.classList.toggle("is-playing", playing);
    play.setAttribute("aria-label", playing ? "Pause" : "Play");
  }

  function seek(at) {
    for (const video of usable()) video.currentTime = Math.min(Math.max(0, at), lastFrame(video));
  }

  // NotAllowedError: autoplay with sound is blocked. AbortError only means that a pause came first.
  const onPlayError = (error) => {
    if (error.name === "NotAllowedError") stop();
  };

  const run = () => {
    const at = lead().currentTime;
    for (const video of usable()) if (at < lastFrame(video)) video.play().catch(onPlayError);
  };

  /** Seeks the other clips to the lead's time, or to their last frame. Resolves once they show it. */
  function sync() {
    const followers = usable().filter((video) => video !== lead());
    for (const video of followers) video.currentTime = Math.min(lead().currentTime, lastFrame(video));
    const seeked = (video) => new Promise((resolve) => video.addEventListener("seeked", resolve, { once: true }));
    return Promise.all(followers.filter((video) => video.seeking).map(seeked));
  }

  function start() {
    if (lead().currentTime >= lastFrame(lead()) - 0.01) seek(0);
    playing = true;
    run();
    requestAnimationFrame(keepInSync);
    show();
  }

  function stop() {
    playing = false;
    for (const video of videos) video.pause();
    sync();
    show();
  }

  async function keepInSync() {
    if (!playing) return;
    const at = lead().currentTime;
    const hasDrifted = (video) => at < lastFrame(video) - DRIFT && Math.abs(video.currentTime - at) > DRIFT;
    if (!syncing && usable().some(hasDrifted)) {
      syncing = true;
      for (const video of usable()) video.pause();
      await sync();
      syncing = false;
      if (!playing) return;
      run();
    }
    show();
    requestAnimationFrame(keepInSync);
  }

  function step(by) {
    stop();
    const frame = Math.floor(Math.min(lead().currentTime, lastFrame(lead())) * fps + 0.01);
    seek((frame + by + 0.5) / fps);
  }

  function mute(index, isMuted) {
    videos[index].muted = isMuted;
    mutes[index].setAttribute("aria-pressed", isMuted);
    mutes[index].setAttribute("aria-label", `Mute ${"AB"[index]}`);
  }

  function begin() {
    bar.hidden = !usable().length;
    root.querySelector("[data-compare-keys]").hidden = bar.hidden;
    if (bar.hidden) return;
    position.max = lead().duration;
    show();
  }

  for (const video of videos) {
    video.controls = false;
    video.addEventListener("loadedmetadata", begin);
    video.addEventListener("seeked", show);
    video.addEventListener("ended", () => { if (video === lead()) stop(); });
    video.addEventListener("error", () => {
      video.closest(".compare-side").querySelector("[data-compare-error]").hidden = false;
      begin();
    });
    video.addEventListener("click", () => (playing ? stop() : start()));
  }
  play.addEventListener("click", () => (playing ? stop() : start()));
  position.addEventListener("input", () => {
    stop();
    seek(Number(position.value));
  });
  for (const button of bar.querySelectorAll("[data-compare-step]")) {
    button.addEventListener("click", () => step(Number(button.dataset.compareStep)));
  }
  mutes.forEach((button, index) => {
    mute(index, index > 0);
    button.addEventListener("click", () => mute(index, !videos[index].muted));
  });

  document.addEventListener("keydown", (event) => {
    const isOther = event.target !== position && event.target.closest("input, select, textarea, button, a, summary");
    if (bar.hidden || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by && !event.target.closest("select, textarea") && (event.target === position || !event.target.closest("input"))) {
      event.preventDefault();
      step(by);
    } else if (event.key === " " && !isOther) {
      event.preventDefault();
      if (playing) stop();
      else start();
    }
  });

  if (videos.some((video) => video.readyState > 0)) begin();
})();
