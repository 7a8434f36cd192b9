/* Turns sections into tabs (arrow keys, Home, End). Opens the section with an error, else the one in the URL's fragment, else
   the one used last. Without JavaScript the sections stay below each other. */
(() => {
  "use strict";

  const panelsOf = (tabbed) => [...tabbed.children].filter((child) => child.matches(".tab-panel"));
  const loadLastTab = (tabbed) => sessionStorage.getItem(`tab-${tabbed.dataset.tabs}`);

  function select(tabbed, panel) {
    for (const other of panelsOf(tabbed)) {
      const tab = document.getElementById(other.getAttribute("aria-labelledby"));
      other.hidden = other !== panel;
      tab.setAttribute("aria-selected", String(other === panel));
      tab.tabIndex = other === panel ? 0 : -1;
    }
  }

  function choose(tabbed, panel) {
    select(tabbed, panel);
    sessionStorage.setItem(`tab-${tabbed.dataset.tabs}`, panel.dataset.tab);
  }

  function findFirst(panels, tabbed) {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    return panels.find((panel) => panel.querySelector(".errorlist"))
      || panels.find((panel) => target && panel.contains(target))
      || panels.find((panel) => panel.dataset.tab === loadLastTab(tabbed))
      || panels.find((panel) => "tabFirst" in panel.dataset)
      || panels[0];
  }

  function enhance(tabbed) {
    const panels = panelsOf(tabbed);
    if (tabbed.classList.contains("tabs-on") || !panels.length) return;
    const list = document.createElement("div");
    list.className = "tab-list";
    list.setAttribute("role", "tablist");
    list.setAttribute("aria-label", tabbed.getAttribute("aria-label"));
    for (const panel of panels) {
      const tab = document.createElement("button");
      Object.assign(tab, { type: "button", id: `${panel.id}-tab`, textContent: panel.dataset.tab });
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", panel.id);
      tab.addEventListener("click", () => choose(tabbed, panel));
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", tab.id);
      list.append(tab);
    }
    list.addEventListener("keydown", (event) => {
      const at = panels.findIndex((panel) => !panel.hidden);
      const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: panels.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      const panel = panels[(to + panels.length) % panels.length];
      choose(tabbed, panel);
      document.getElementById(`${panel.id}-tab`).focus();
    });
    tabbed.removeAttribute("aria-label");
    tabbed.prepend(list);
    tabbed.classList.add("tabs-on");
    select(tabbed, findFirst(panels, tabbed));
  }

  // Inner tabs before the tabs that contain them.
  htmx.onLoad((root) => [...root.querySelectorAll("[data-tabs]")].reverse().forEach(enhance));
})();
