/* <microgrand-explorer src="./">…</microgrand-explorer>

   Recorded runs to move through: recording × case × strength × signal × layer × epoch, one run beside
   another. index.json beside `src` says what there is; RECORDING/VIEW.json is a case at one strength and
   RECORDING/VIEW/SIGNAL.json one of its signals, both fetched when they are chosen. A player draws them.
   What is chosen stands in the page's address. */
import { asked, keep, onAddress } from "./address.js";
import { compose, last, measured, placeOf } from "./comparison.js";
import { fetchOnce } from "./fetching.js";
import "./player.js";
import { html } from "./stage.js";

/** A number for a table: four digits, and a true minus. */
function written(value) {
  if (value === null || value === undefined) return "–";
  return String(+value.toPrecision(4)).replaceAll("-", "−");
}

class Explorer extends HTMLElement {
  fetched = new Map(); // the promise of the data for each address asked so far
  epoch = Infinity; // the one wished for; a run that is shorter shows its last

  async connectedCallback() {
    if (this.player) return;
    this.source = new URL(this.getAttribute("src"), document.baseURI);
    this.player = document.createElement("microgrand-player");
    this.player.taken = true; // nothing moves before the reader moves it
    try {
      this.index = await this.fetch("index.json");
    } catch (error) {
      return console.warn("microgrand-explorer:", error.message); // what stands inside says so
    }
    if (!this.isConnected) return; // the page was left meanwhile
    this.build();
    this.deafen = onAddress((byLink) => {
      if (byLink) this.scrollIntoView();
      this.restore();
    });
    await this.restore();
  }

  disconnectedCallback() {
    this.deafen?.();
    document.removeEventListener("keydown", this.press);
  }

  /** The arrow keys move the epoch too where nothing has the focus. */
  press = (event) => {
    const free = this.player.data && event.target === document.body;
    if (free && /^Arrow(Left|Right)$/.test(event.key)) this.player.press(event);
  };

  fetch(place) {
    return fetchOnce(this.fetched, new URL(place, this.source).href);
  }

  build() {
    const field = (name, words, control, ...more) => {
      control.id = `explore-${name}`;
      this[name] = control;
      return html("div", {}, html("label", { for: control.id }, words), control, ...more);
    };
    const slider = (name, words) => {
      const value = html("span", { class: "value", "aria-hidden": true }); // the slider says it too
      const control = html("input", { type: "range", min: 0, step: 1, value: 0 });
      control.shows = value;
      return field(name, words, control, value);
    };
    const controls = html(
      "div",
      { class: "choices" },
      field("recording", "lesson", html("select")),
      field("case", "case", html("select")),
      slider("strength", "strength"),
      field("with", "compared with", html("select")),
      field("signal", "signal", html("select")),
      slider("layer", "layer"),
      field("powers", "logarithmic", html("input", { type: "checkbox" })),
    );
    this.recording.append(...this.index.map(({ name, title }) => new Option(title, name)));
    this.trouble = html("p", { class: "trouble", role: "status" });
    this.numbers = html("table");
    this.about = html("details", { class: "about made" }, html("summary", {}, "Which runs these are"), html("div"));
    const numbers = html("div", { class: "numbers" }, this.numbers);
    this.replaceChildren(controls, this.trouble, this.player, numbers, this.about);
    controls.addEventListener("input", ({ target }) => {
      if (target === this.recording) this.offerCases();
      if (target === this.case) this.offerStrengths();
      if (target === this.signal) this.wished.signal = this.signal.value;
      if (target === this.layer) this.wished.layer = +this.layer.value + 1;
      this.keep();
      this.refresh();
    });
    document.addEventListener("keydown", this.press);
    this.player.addEventListener("frame", () => {
      this.writeNumbers();
      if (this.filling || this.player.frame === placeOf(this.epochs, this.epoch)) return; // not moved
      this.epoch = this.epochs[this.player.frame];
      this.keep();
    });
  }

  /** The chosen recording of the index, and the chosen case of it. */
  get chosen() {
    const recording = this.index[this.recording.selectedIndex];
    return { recording, views: recording.cases[this.case.selectedIndex].views };
  }

  /** The cases of a recording: the second beside the first, which is the plainest. */
  offerCases() {
    const { cases } = this.index[this.recording.selectedIndex];
    this.case.replaceChildren(...cases.map(({ words }) => new Option(words)));
    this.case.selectedIndex = Math.min(1, cases.length - 1);
    const others = cases.map(({ words, views }) => {
      if (views.length === 1) return new Option(words, views[0].name);
      return html("optgroup", { label: words }, ...views.map((view) => new Option(view.strength, view.name)));
    });
    this.with.replaceChildren(new Option("nothing", ""), ...others);
    this.with.selectedIndex = 1;
    this.offerStrengths();
  }

  offerStrengths() {
    const { views } = this.chosen;
    this.strength.max = views.length - 1;
    this.strength.value = 0;
    this.strength.hidden = views.length === 1;
    this.strength.parentElement.hidden = !views[0].strength;
  }

  /** Show what the address asks for; what it does not name, or does not exist, is as it is at first. */
  restore() {
    const values = asked();
    const choose = (select, value, otherwise) => {
      const option = [...select.options].find((one) => one.value === value);
      select.selectedIndex = option?.index ?? otherwise;
    };
    choose(this.recording, values.get("lesson"), 0);
    this.offerCases();
    const { cases } = this.chosen.recording;
    const place = cases.findIndex(({ views }) => views.some(({ name }) => name === values.get("case")));
    if (place >= 0) {
      this.case.selectedIndex = place;
      this.offerStrengths();
      this.strength.value = cases[place].views.findIndex(({ name }) => name === values.get("case"));
    }
    choose(this.with, values.get("with"), this.with.selectedIndex);
    this.wished = { signal: values.get("signal"), layer: +values.get("layer") || 1 };
    this.epoch = /^\d+$/.test(values.get("epoch")) ? +values.get("epoch") : Infinity;
    this.powers.checked = values.get("powers") === "1";
    return this.refresh();
  }

  /** Write what is chosen into the page's address. */
  keep() {
    const { recording, views } = this.chosen;
    const { signal, layer } = this.wished; // what is shown may be another, where there is none like it
    keep({
      lesson: recording.name,
      case: views[this.strength.value].name,
      with: this.with.value,
      powers: +this.powers.checked,
      layer,
      ...(signal && { signal }),
      ...(isFinite(this.epoch) && { epoch: this.epoch }),
    });
  }

  /** Fetch what is chosen, and show it unless something else has been chosen meanwhile. */
  async refresh() {
    const { recording, views } = this.chosen;
    const view = views[this.strength.value];
    this.strength.shows.textContent = view.strength;
    this.strength.setAttribute("aria-valuetext", view.strength);
    const names = [...new Set([view.name, this.with.value])].filter(Boolean);
    const request = (this.request = [recording.name, ...names, this.wished.signal].join());
    clearTimeout(this.slow); // of an earlier choice
    this.slow = setTimeout(() => this.player.classList.add("waiting"), 100);
    let runs, error;
    try {
      runs = await this.load(recording.name, names);
    } catch (reason) {
      error = reason;
    }
    if (request !== this.request) return;
    clearTimeout(this.slow);
    this.player.classList.remove("waiting");
    const before = this.runs ? "What is shown is what was chosen before." : "Choose again to try again.";
    this.trouble.textContent = error ? `Could not be fetched. ${before}` : "";
    if (!error) this.show(runs);
  }

  /** The views of these names and their layers of one signal: the one that is wished, if the first has it. */
  async load(recording, names) {
    const { signal: wished } = this.wished;
    const views = await Promise.all(names.map((name) => this.fetch(`${recording}/${name}.json`)));
    const { signals } = views[0];
    const natural = signals.includes("weight") ? "weight" : signals[0];
    const signal = signals.includes(wished) ? wished : natural;
    const run = async (view, i) => {
      const file = `${recording}/${names[i]}/${signal.replaceAll(" ", "-")}.json`;
      const layers = view.signals.includes(signal) ? await this.fetch(file) : [];
      return { label: this.inWords(names[i]), view, signal, layers };
    };
    return Promise.all(views.map(run));
  }

  /** What a view is called: its case, and its strength where the case has more than one. */
  inWords(name) {
    const found = this.chosen.recording.cases.find(({ views }) => views.some((view) => view.name === name));
    const { strength } = found.views.find((view) => view.name === name);
    return found.views.length > 1 ? `${found.words}, ${strength}` : found.words;
  }

  /** Show one run or two at the signal, layer and epoch that are chosen. */
  show(runs) {
    const [{ signal, layers, view }] = runs;
    this.offer(signal, view.signals, layers);
    const place = +this.layer.value;
    this.runs = runs.map((run) => ({ ...run, layer: run.layers[place] }));
    const kept = this.runs.flatMap(({ layer }) => (layer?.distribution ?? layer)?.epochs ?? []);
    this.epochs = [...new Set(kept)].sort((a, b) => a - b);
    const labels = runs.map(({ label }) => label).join(" beside ");
    this.filling = true;
    this.player.frame = placeOf(this.epochs, this.epoch);
    this.player.fill({
      alt: `${signal} in ${layers[place].name}, ${labels}: its histogram, and its course over the epochs`,
      frames: this.epochs.map((epoch) => `epoch ${epoch}`),
      fps: 4,
      columns: 3,
      panels: compose(this.runs, signal, this.epochs, this.powers.checked),
    });
    this.filling = false;
    this.player.slider.setAttribute("aria-label", "epoch");
    this.writeAbout();
  }

  /** Offer the signals that there are and the layers of this one, and keep to the layer that is wished. */
  offer(signal, signals, layers) {
    if (signals.join() !== [...this.signal.options].map(({ value }) => value).join()) {
      this.signal.replaceChildren(...signals.map((name) => new Option(name, name)));
    }
    this.signal.value = signal;
    this.layer.max = layers.length - 1;
    this.layer.hidden = layers.length === 1;
    this.layer.value = Math.min(this.wished.layer, layers.length) - 1;
    this.layer.shows.textContent = layers[this.layer.value].name;
    this.layer.setAttribute("aria-valuetext", layers[this.layer.value].name);
  }

  /** What was measured at this epoch, in numbers. */
  writeNumbers() {
    const epoch = this.epochs[this.player.frame];
    const all = this.runs.map((run) => Object.values(measured(run)).flat());
    const titles = [...new Set(all.flat().map(({ title }) => title))];
    const cell = (name, words, scope) => html(name, scope ? { scope } : {}, words);
    const rows = titles.map((title) => {
      const values = all.map((list) => {
        const one = list.find((other) => other.title === title);
        return one && epoch <= last(one.x) ? one.y[placeOf(one.x, epoch)] : null;
      });
      return html("tr", {}, cell("th", title, "row"), ...values.map((value) => cell("td", written(value))));
    });
    const head = [`epoch ${epoch}`, ...this.runs.map(({ label }) => label)].map((words) => cell("th", words, "col"));
    this.numbers.replaceChildren(html("thead", {}, html("tr", {}, ...head)), html("tbody", {}, ...rows));
  }

  /** The command, the seeds, the versions behind what is shown. */
  writeAbout() {
    const lists = this.runs.flatMap(({ label, view }) => {
      const facts = view.about.map(([name, text]) => [html("dt", {}, name), html("dd", {}, text)]);
      return [html("p", {}, html("strong", {}, label)), html("dl", {}, ...facts.flat())];
    });
    this.about.lastElementChild.replaceChildren(...lists);
  }
}

customElements.define("microgrand-explorer", Explorer);
