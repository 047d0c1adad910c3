// Where Material is helped. It has to be there before Material's own scripts.
{
  const send = XMLHttpRequest.prototype.send;
  const open = XMLHttpRequest.prototype.open;
  const page = location.pathname;
  let left = false; // whether Material has fetched another page

  // Material takes the first way within a page, to an anchor or back from one, for the way to another: it would fetch the
  // page anew, and what is unfolded, chosen or trained would be lost. So it hears of none before it has fetched another
  // page. Our own scripts listen to "return".
  addEventListener("popstate", (event) => {
    if (!left && location.pathname === page) event.stopImmediatePropagation();
    dispatchEvent(new PopStateEvent("return", { state: event.state }));
  });

  // Material asks for the index of the search (a megabyte) on every page. Here it waits until somebody searches, or
  // comes to a page by a search's link (?h=words), where it marks the words.
  const searches = () =>
    document.getElementById("__search")?.checked || new URLSearchParams(location.search).has("h");

  XMLHttpRequest.prototype.open = function (method, address, ...rest) {
    this.waits = String(address).endsWith("/search/search_index.json");
    left ||= !/\.(json|xml)$/.test(address);
    return open.call(this, method, address, ...rest);
  };
  XMLHttpRequest.prototype.send = function (...content) {
    if (!this.waits || searches()) return send.apply(this, content);
    const start = ({ target }) => {
      if (target.id !== "__search") return;
      removeEventListener("change", start);
      send.apply(this, content);
    };
    addEventListener("change", start);
  };
}
