// What scrolls by itself can be reached and scrolled by keyboard: a wide formula, table, figure or block of code.
const SCROLLING = ".katex-display, .md-typeset__scrollwrap, .jp-OutputArea-output, .microgrand-figure, article pre, article table";

const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const scrolls = target.scrollWidth > target.clientWidth && getComputedStyle(target).overflowX !== "visible";
    if (scrolls) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});

// Material's menu and search are labels: the space bar works them as it does a button.
document.addEventListener("keydown", (event) => {
  if (event.key !== " " || !event.target.matches("label[tabindex]")) return;
  event.preventDefault();
  event.target.click();
});

// Material unfolds all for print; on paper goes what the reader has unfolded (print.css).
document.addEventListener("click", ({ target }) => {
  const fold = target.closest("summary")?.parentElement;
  setTimeout(() => fold?.toggleAttribute("data-unfolded", fold.open));
});

// Back to where the reader was: Material forgets it where the page that is left is the shorter one.
let place;
let page = location.pathname;
addEventListener("return", ({ state }) => (place = location.pathname === page ? undefined : state?.y)); // of material.js

document$.subscribe(() => {
  const y = place;
  place = undefined;
  page = location.pathname;
  if (y !== undefined) setTimeout(() => scrollTo(0, y));
  sizes.disconnect();
  setTimeout(() => {
    // Material has put its wrappers around tables and its buttons on code by now.
    for (const element of document.querySelectorAll(SCROLLING)) sizes.observe(element);
    for (const buttons of document.querySelectorAll(".md-code__nav")) buttons.role = "none"; // no landmark
  });
});
