/* <microgrand-player src="weights.json"><picture>…</picture></microgrand-player>

   Draws the frames of an animation as SVG: play and pause, a slider, the keyboard (space, ←, →, Home, End).
   Colours and fonts come from the page's style sheet, so it follows light and dark by itself. Without
   scripts, or where the data cannot be fetched, the picture inside shows instead.

   Where a <template> inside holds a <select> or more, the reader chooses what is shown: the data of
   the values "A" and "weight" are in A-weight.json, beside the `src` of the first choice.

   Where motion is reduced it begins at the first frame, or with still="last" at the last. On paper it shows how
   it ends, or the frame that the reader has chosen.

   The attribute `shape` holds as JSON what takes room: the title, the labels, how many panels and columns, the
   longest name of a frame. The room is left free until the data are there: a page does not grow while it is read.

   Without a `src` it waits for another script to `fill` it. It says "frame" when it shows one. */
import { asked, keep, onAddress } from "./address.js";
import { fetchOnce } from "./fetching.js";
import { csv, save } from "./numbers.js";
import { Panel, svg } from "./panel.js";
import { colouring, html, stage } from "./stage.js";

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const REST = 1000; // ms that a film rests at its end, which is what it is about

/** Choose what the page's address asks for, the first where it asks for nothing; whether it names any. */
function chooseByAddress(selects) {
  const values = asked();
  const named = selects.map((select) => {
    const option = [...select.options].find(({ value }) => value === values.get(select.id));
    select.selectedIndex = option?.index ?? 0;
    return option;
  });
  return named.some(Boolean);
}

const inWords = (selects) => selects.map((select) => select.selectedOptions[0].text).join(", ");

class Player extends HTMLElement {
  frame = 0;
  playing = false;
  taken = false; // whether the reader has taken over
  fetched = new Map(); // the promise of the data for each address asked so far

  connectedCallback() {
    addEventListener("beforeprint", (this.forPaper = () => this.showOnPaper()));
    addEventListener("afterprint", (this.again = () => this.seen(this.visible)));
    calm.addEventListener("change", this.again);
    this.source = this.hasAttribute("src") && new URL(this.getAttribute("src"), document.baseURI);
    this.selects ??= this.offerChoices();
    this.deafen = onAddress(() => this.return());
    this.leaveRoom();
    this.watcher = new IntersectionObserver((entries) => this.seen(entries.at(-1).isIntersecting));
    this.watcher.observe(this);
    this.sizes = new ResizeObserver(() => this.resize());
    this.sizes.observe(this);
  }

  disconnectedCallback() {
    this.visible = false; // data that are still on their way shall not set it going
    this.pause();
    removeEventListener("beforeprint", this.forPaper);
    removeEventListener("afterprint", this.again);
    calm.removeEventListener("change", this.again);
    this.deafen();
    this.watcher.disconnect();
    this.sizes.disconnect();
  }

  async seen(visible) {
    this.visible = visible;
    if (visible && this.source) await (this.loading ??= this.load());
    if (!this.data) return;
    if (!this.visible || (calm.matches && !this.taken)) this.pause();
    else if (!this.taken) this.play();
  }

  /** Take the room that the title, the legend, the panels and the controls will take. */
  leaveRoom() {
    if (this.data || this.querySelector(".room") || !this.hasAttribute("shape")) return;
    const { labels, panels, frame, ...look } = JSON.parse(this.getAttribute("shape"));
    const allSeries = labels.map((label) => ({ label, kind: "line" }));
    const cells = Array.from({ length: panels }, () => html("div", {}, html("div", { class: "to-come" })));
    const room = html("div", { class: "room", "aria-hidden": true }, ...stage(look, allSeries, cells), this.controls());
    this.label.textContent = frame;
    this.append(room);
  }

  /** The selects of the template, above the picture, and a line to say what went wrong. */
  offerChoices() {
    const template = this.querySelector("template");
    if (!template) return [];
    const choices = html("div", { class: "choices" }, template.content.cloneNode(true));
    const selects = [...choices.querySelectorAll("select")];
    this.trouble = html("p", { class: "trouble", role: "status" });
    template.replaceWith(choices, this.trouble);
    this.shown = inWords(selects); // the picture is of the first choice
    const named = chooseByAddress(selects);
    if (named && !location.hash) this.scrollIntoView(); // a shared link opens at its figure
    choices.addEventListener("change", () => {
      keep(Object.fromEntries(selects.map(({ id, value }) => [id, value])));
      this.load();
    });
    return selects;
  }

  /** Show again what an address asked for, to which the reader has come back. */
  return() {
    if (!this.selects.length) return;
    chooseByAddress(this.selects);
    if (this.loading) this.load(); // otherwise when it comes into view
  }

  /** The address of the data of what is chosen. */
  chosen() {
    const values = this.selects.map((select) => select.value);
    return values.length ? new URL(`${values.join("-")}.json`, this.source).href : this.source.href;
  }

  /** Fetch what is chosen, and show it unless something else has been chosen meanwhile. */
  async load() {
    const address = this.chosen();
    this.classList.add("waiting");
    let data, error;
    try {
      data = await fetchOnce(this.fetched, address);
    } catch (reason) {
      error = reason;
    }
    if (address !== this.chosen()) return;
    this.classList.remove("waiting");
    if (error) this.fail(error);
    else this.fill(data);
  }

  /** Say that what is chosen cannot be shown; what was shown before stays. */
  fail(error) {
    console.warn("microgrand-player:", error.message);
    this.loading = undefined; // it is tried again when the figure comes into view again
    if (!this.data) this.classList.add("failed"); // the style sheet shows the picture again
    if (this.trouble) this.trouble.textContent = `Could not be fetched: this is still “${this.shown}”.`;
  }

  /** Show other data: at the same frame if there is one, and playing or not as before. */
  fill(data) {
    if (!this.stage) this.build();
    const first = !this.data;
    const allSeries = data.panels.flatMap((panel) => panel.series);
    const colours = colouring(allSeries);
    const places = ({ columns, panels }) => [columns, ...panels.map(({ wide }) => wide)].join();
    if (!this.data || places(this.data) !== places(data)) this.widths = undefined; // to be measured
    this.data = data;
    const titled = !data.title || data.panels.length > 1; // one panel needs no other title
    this.panels = data.panels.map((panel) => new Panel(panel, colours, titled));
    const cells = this.panels.map(({ node, panel }) => html("div", panel.wide ? { class: "wide" } : {}, node));
    this.stage.replaceChildren(...stage(data, allSeries, cells));
    this.setAttribute("aria-label", data.alt || data.title || "animation");
    this.slider.max = data.frames.length - 1;
    if (first && calm.matches && this.getAttribute("still") === "last") this.frame = Infinity;
    this.frame = Math.min(this.frame, data.frames.length - 1);
    if (this.widths) this.draw();
    else this.resize();
    if (this.trouble) this.trouble.textContent = "";
    this.shown = inWords(this.selects);
    this.values = this.selects.map(({ value }) => value);
  }

  /** A new row of controls, which from now on are the player's. */
  controls() {
    this.button = html("button", { type: "button", class: "play" });
    this.slider = html("input", { type: "range", min: 0, step: 1, value: 0, "aria-label": "frame" });
    this.label = html("span", { class: "frame", "aria-hidden": "true" });
    this.speed = html("select", { "aria-label": "speed" });
    for (const factor of [0.25, 0.5, 1, 2, 4]) {
      this.speed.append(html("option", { value: factor, ...(factor === 1 && { selected: "" }) }, `${factor}×`));
    }
    this.button.addEventListener("click", () => {
      this.button.focus(); // Safari does not do it, and the keys would scroll the page
      this.toggle();
    });
    this.slider.addEventListener("input", () => this.goTo(+this.slider.value));
    return html("div", { class: "controls" }, this.button, this.slider, this.label, this.speed);
  }

  /** Put the stage and the controls in the picture's place. */
  build() {
    this.stage = html("div", { class: "stage" });
    this.addEventListener("keydown", (event) => this.press(event));
    this.offerNumbers();
    for (const node of this.querySelectorAll("picture, .room")) node.remove();
    this.classList.remove("failed");
    this.append(this.stage, this.controls());
    this.setAttribute("role", "group");
    this.mark();
  }

  /** The link to the JSON saves what is shown as CSV. */
  offerNumbers() {
    const figure = this.closest("figure");
    const link = figure?.querySelector("a.data");
    if (!link) return;
    link.textContent = link.textContent.replace("JSON", "CSV");
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const name = [figure.id.replace("fig-", ""), ...this.values];
      save(csv(this.data), `${name.join("-")}.csv`);
    });
  }

  resize() {
    if (!this.data) return;
    const widths = this.panels.map(({ node }) => Math.floor(node.parentElement.clientWidth));
    if (!widths[0] || widths[0] === this.widths?.[0]) return;
    this.widths = widths;
    this.draw();
  }

  draw() {
    this.panels.forEach((panel, i) => panel.draw(this.widths[i]));
    this.show(this.frame);
  }

  show(frame) {
    this.frame = frame;
    for (const panel of this.panels) panel.show(frame);
    this.slider.value = frame;
    this.label.textContent = this.data.frames[frame];
    // While it plays, a screen reader is left in peace.
    if (!this.playing) this.slider.setAttribute("aria-valuetext", this.data.frames[frame]);
    this.dispatchEvent(new Event("frame"));
  }

  goTo(frame) {
    this.taken = true;
    this.pause();
    this.show(Math.max(0, Math.min(this.data.frames.length - 1, frame)));
  }

  /** Show on paper how it ends: the last frame, or the still picture of what has not been seen yet. */
  showOnPaper() {
    if (this.taken) return;
    const still = this.querySelector("source");
    if (still) still.media = "all";
    if (!this.data) return;
    this.pause();
    this.show(this.data.frames.length - 1);
  }

  toggle() {
    this.taken = true;
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (this.playing) return;
    this.playing = true;
    this.mark();
    let last = performance.now();
    const step = (now) => {
      const following = (this.frame + 1) % this.data.frames.length;
      const rest = following ? 0 : REST;
      if (now - last >= rest + 1000 / ((this.data.fps || 8) * this.speed.value)) {
        last = now;
        this.show(following);
      }
      this.timer = requestAnimationFrame(step);
    };
    this.timer = requestAnimationFrame(step);
  }

  pause() {
    this.playing = false;
    cancelAnimationFrame(this.timer);
    if (!this.data) return;
    this.mark();
    this.slider.setAttribute("aria-valuetext", this.data.frames[this.frame]);
  }

  mark() {
    const icon = svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" });
    icon.append(svg("path", { d: this.playing ? "M3 2h4v12H3zM9 2h4v12H9z" : "M4 2l10 6-10 6z" }));
    this.button.replaceChildren(icon);
    this.button.setAttribute("aria-label", this.playing ? "pause" : "play");
  }

  press(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.target instanceof HTMLSelectElement) return; // its keys choose an option
    const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
    if (event.key in steps) this.goTo(this.frame + steps[event.key]);
    else if (event.key === " " && event.target !== this.button) this.toggle(); // a button does it itself
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

customElements.define("microgrand-player", Player);
