/* The page's address holds what the reader has chosen: a link to it can be shared, and "back" leads to it again. */

const PAUSE = 400; // ms from one writing to the next: browsers refuse to do it often
let waiting; // the values that are still to be written, and of which page
let timer;
let lastTime = -PAUSE;

/** What the address asks for, by name. */
export const asked = () => new URLSearchParams(location.search);

function write() {
  clearTimeout(timer);
  timer = undefined;
  const { page, values } = waiting;
  waiting = undefined;
  if (page !== location.pathname) return; // it was left meanwhile
  lastTime = performance.now();
  const address = new URL(location);
  for (const [name, value] of Object.entries(values)) address.searchParams.set(name, value);
  history.replaceState(history.state, "", address); // the state holds where the page is scrolled to
}

/** Write values into the address under their names: at once, or a moment after the last time. */
export function keep(values) {
  if (waiting?.page !== location.pathname) waiting = { page: location.pathname, values: {} };
  Object.assign(waiting.values, values);
  const wait = lastTime + PAUSE - performance.now();
  if (wait <= 0) write();
  else timer ??= setTimeout(write, wait);
}

const listeners = new Map(); // and the page of each

/** Call the listener when another address of this page is reached, by "back" or a link; what is returned ends that. */
export function onAddress(listener) {
  listeners.set(listener, location.pathname);
  return () => listeners.delete(listener);
}

function tell(byLink) {
  for (const [listener, page] of [...listeners]) if (page === location.pathname) listener(byLink);
}
addEventListener("return", () => tell(false)); // of material.js

// Instant navigation makes anchors absolute when a page is loaded; they are to keep what was chosen since then, and are
// left to the browser. And it does not follow a link to another choice on the same page. (What the search finds is left
// to the search.)
addEventListener(
  "click",
  (event) => {
    if (waiting) write();
    const link = event.target.closest?.("a[href]");
    if (!link || link.closest(".md-search") || link.origin + link.pathname !== location.origin + location.pathname) return;
    if (link.hash) {
      link.search = location.search;
      event.stopPropagation();
    } else if (link.search && !(event.ctrlKey || event.metaKey || event.shiftKey)) {
      event.preventDefault();
      event.stopPropagation();
      history.pushState(null, "", link.href);
      tell(true);
    }
  },
  { capture: true },
);
