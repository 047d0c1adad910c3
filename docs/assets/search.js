// Material asks for the index of the search (a megabyte) on every page. Here it waits until somebody searches, or
// comes to a page by a search's link (?h=words), where it marks the words.
{
  const send = XMLHttpRequest.prototype.send;
  const open = XMLHttpRequest.prototype.open;
  const searches = () =>
    document.getElementById("__search")?.checked || new URLSearchParams(location.search).has("h");

  XMLHttpRequest.prototype.open = function (method, address, ...rest) {
    this.waits = String(address).endsWith("/search/search_index.json");
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
