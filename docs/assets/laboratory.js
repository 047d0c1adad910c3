/* <microgrand-laboratory pyodide="…/" python="….zip"><template>…</template></microgrand-laboratory>

   Shows the template's form and panels, and trains in a worker (laboratory-worker.js) once the reader starts it.
   The settings stand in the page's address, so that a link to it can be shared. */
import { asked, keep, onAddress } from "./address.js";
import { Panel } from "./panel.js";
import { colouring, html, legend } from "./stage.js";

const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** The number that an input stands for, and back: a logarithmic slider holds the power of ten. */
const read = ({ value, dataset: { scale } }) =>
  scale === "log" ? +(10 ** value).toPrecision(2) : scale ? +value : value;
const write = ({ dataset }, number) => (dataset.scale === "log" ? Math.log10(number) : number);

class Laboratory extends HTMLElement {
  running = !calm.matches; // once it has started

  connectedCallback() {
    if (!this.form) this.build();
    this.sizes = new ResizeObserver(() => this.resize());
    this.sizes.observe(this);
    this.deafen = onAddress(() => this.return());
    document.addEventListener("visibilitychange", this.rest);
    calm.addEventListener("change", this.calm);
  }

  disconnectedCallback() {
    this.sizes.disconnect();
    this.deafen();
    document.removeEventListener("visibilitychange", this.rest);
    calm.removeEventListener("change", this.calm);
    this.worker?.terminate(); // a page that is left trains no longer
  }

  build() {
    this.replaceChildren(this.querySelector("template").content.cloneNode(true));
    this.form = this.querySelector("form");
    this.inputs = [...this.form.elements].filter(({ name }) => name);
    this.words = this.querySelector(".words");
    this.stage = this.querySelector(".stage");
    this.buttons = Object.fromEntries([...this.querySelectorAll("button[name]")].map((each) => [each.name, each]));
    this.readAddress();
    this.say();
    this.form.addEventListener("submit", (event) => event.preventDefault());
    const typed = ({ target }) => target.type === "number"; // half a number is none: it counts when it is done
    this.form.addEventListener("input", (event) => typed(event) || this.changed());
    this.form.addEventListener("change", (event) => {
      if (typed(event)) this.changed();
      this.writeAddress();
    });
    this.form.querySelector("[type=reset]").addEventListener("click", () =>
      setTimeout(() => {
        this.changed();
        this.writeAddress();
      }),
    );
    this.buttons.start.addEventListener("click", () => this.start());
    this.buttons.running.addEventListener("click", () => this.run(!this.running));
    this.buttons.step.addEventListener("click", () => {
      this.run(false);
      this.worker.postMessage({ step: true });
    });
    this.buttons.restart.addEventListener("click", () => this.worker.postMessage({ restart: true }));
  }

  /** The settings as a query. */
  query() {
    return new URLSearchParams(this.inputs.map((input) => [input.name, read(input)])).toString();
  }

  /** Take what the address asks for; what is no possible value is passed over. */
  readAddress() {
    const values = asked();
    for (const input of this.inputs) {
      if (!values.get(input.name)) continue;
      const before = input.value;
      const wanted = input.options ? values.get(input.name) : write(input, values.get(input.name));
      input.value = wanted;
      const taken = input.options ? input.value === wanted : Math.abs(input.value - wanted) <= 0.026;
      if (!taken || !input.checkValidity()) input.value = before;
    }
  }

  writeAddress() {
    if (this.form.checkValidity()) keep(Object.fromEntries(new URLSearchParams(this.query())));
  }

  /** Set again what an address asked for, to which the reader has come back. */
  return() {
    this.form.reset();
    this.readAddress();
    this.changed();
  }

  /** The reader has asked for less motion meanwhile. */
  calm = () => calm.matches && this.panels && this.run(false);

  /** Nobody looks: nothing is trained. */
  rest = () => this.worker?.postMessage({ running: this.running && !document.hidden });

  changed() {
    this.say();
    if (this.form.checkValidity()) this.worker?.postMessage({ settings: this.query() });
  }

  /** Write the numbers that the sliders stand for beside them. */
  say() {
    for (const input of this.inputs.filter(({ type }) => type === "range")) {
      const text = String(read(input));
      input.nextElementSibling.textContent = text;
      input.setAttribute("aria-valuetext", text);
    }
  }

  start() {
    if (this.buttons.start.ariaDisabled === "true" || !this.form.reportValidity()) return;
    this.buttons.start.focus(); // Safari does not do it
    this.buttons.start.ariaDisabled = true; // and not `disabled`, which would take the focus from it
    const place = (name) => new URL(this.getAttribute(name), document.baseURI).href;
    const files = { pyodide: place("pyodide"), python: place("python"), distribution: this.getAttribute("distribution") };
    this.worker = new Worker(new URL("laboratory-worker.js", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }) => this.receive(data);
    this.worker.onerror = ({ message }) => this.receive({ error: message || "the worker cannot be started" });
    this.worker.postMessage({ settings: this.query(), running: this.running, start: files });
  }

  receive({ words, frame, error }) {
    this.words.setAttribute("aria-live", frame && this.running ? "off" : "polite");
    if (frame) this.show(frame);
    else this.words.textContent = words ?? `That did not work: ${error.trim().split("\n").at(-1)}`;
    if (!error) return;
    console.warn("microgrand-laboratory:", error); // Python's whole traceback
    if (this.panels) this.run(false);
    else {
      this.worker.terminate();
      this.buttons.start.ariaDisabled = false; // so that it can be tried again
    }
  }

  run(wanted) {
    this.running = wanted;
    this.worker.postMessage({ running: wanted });
    this.mark();
  }

  mark() {
    this.buttons.running.textContent = this.running ? "pause" : "go on";
  }

  show(frame) {
    if (!this.panels) this.lay(frame.panels);
    this.words.textContent = frame.words;
    frame.panels.forEach((data, index) => {
      const { panel: before } = this.panels[index];
      this.panels[index].panel = data;
      const same = ["x_limits", "y_limits"].every((name) => String(before[name]) === String(data[name]));
      if (!same) this.draw(this.panels[index]);
      else this.panels[index].show(0);
    });
  }

  /** Put the panels on the stage, and the controls below it. */
  lay(panels) {
    const allSeries = panels.flatMap(({ series }) => series);
    const colours = colouring(allSeries);
    this.panels = panels.map((panel) => new Panel(panel, colours));
    const nodes = this.panels.map(({ node }) => html("div", {}, node));
    this.stage.append(...legend(allSeries, colours), html("div", { class: "panels" }, ...nodes));
    const idle = document.activeElement === this.buttons.start;
    this.querySelector(".start").remove();
    this.querySelector(".controls").hidden = false;
    if (idle) this.buttons.running.focus({ preventScroll: true }); // what had the focus is gone
    this.mark();
    this.resize();
  }

  resize() {
    for (const panel of this.panels ?? []) this.draw(panel);
  }

  draw(panel) {
    panel.draw(Math.floor(panel.node.parentElement.clientWidth));
    panel.show(0);
  }
}

customElements.define("microgrand-laboratory", Laboratory);
