// Modes, the map of positions, and the rose of angles; a mode or a sector of angles can be chosen.

import { colour, element, path, points } from "./svg.js";
import { count, modes as modesText } from "./words.js";

const byId = (id) => document.getElementById(id);
const percent = (share) => (share > 0 && share < 0.005 ? "< 1 %" : `${Math.round(100 * share)} %`);

export class Charts {
  constructor(onMode) {
    this.onMode = onMode;
    this.answer = null;
    this.sector = null;
  }

  show(answer) {
    this.answer = answer;
    this.sector = null;
    this.showModes();
    this.showRose();
    this.showMap();
  }

  redraw() {
    if (!this.answer) return;
    this.showRose();
    this.showMap();
  }

  showModes() {
    const { modes, grasps } = this.answer ?? { modes: null, grasps: [] };
    byId("modes").replaceChildren();
    byId("modes-text").textContent = "";
    byId("modes-head").hidden = true;
    if (!modes) return;
    byId("modes-text").textContent = modesText(modes);
    byId("modes-head").hidden = !modes.expected?.length;
    modes.grasps.forEach((number, mode) => {
      const share = grasps.length ? number / grasps.length : 0;
      const even = modes.expected ? [percent(modes.expected[mode])] : [];
      const button = document.createElement("button");
      button.type = "button";
      button.className = "mode";
      button.setAttribute("aria-pressed", "false");
      const bar = document.createElement("i");
      bar.style.width = `${100 * share}%`;
      const cells = [`${modes.word} ${mode + 1}`, String(number), percent(share), ...even];
      button.append(bar, ...cells.map((text) => {
        const cell = document.createElement("span");
        cell.textContent = text;
        return cell;
      }));
      button.setAttribute("aria-label", `${cells[0]}: ${count(number, "grasp")}, ${percent(share)}`
        + even.map((text) => `, ${text} expected`).join(""));
      button.addEventListener("click", () => this.chooseMode(mode, button));
      byId("modes").append(button);
    });
  }

  chooseMode(mode, button) {
    const chosen = button.getAttribute("aria-pressed") !== "true";
    for (const other of byId("modes").children) other.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-pressed", String(chosen));
    this.onMode(chosen ? mode : null);
  }

  showMap() {
    const map = byId("map");
    map.replaceChildren();
    byId("map-text").textContent = "";
    if (!this.answer) return;
    const { cell, left, top, rows, columns, counts } = this.answer.maps;
    const chosen = counts[this.sector === null ? 0 : this.sector + 1];
    const most = Math.max(1, ...chosen);
    const total = chosen.reduce((sum, count) => sum + count, 0);
    map.setAttribute("viewBox", `${left} ${-top} ${columns * cell} ${rows * cell}`);
    chosen.forEach((number, place) => {
      if (!number) return;
      map.append(element("rect", {
        x: left + (place % columns) * cell, y: -top + Math.floor(place / columns) * cell,
        width: cell, height: cell, fill: colour(number / most),
      }));
    });
    map.append(element("path", {
      class: "part", transform: "scale(1 -1)", d: path(this.answer.outline),
    }));
    const near = this.sector === null ? "" : ` near ${this.wedges[this.sector].degrees}°`;
    byId("map-text").textContent = total
      ? `Centres of ${near ? "the" : "all"} ${count(total, "grasp")}${near}, at most ${most} in a cell of ${cell} mm.`
      : `No grasp${near}.`;
  }

  get wedges() {
    return this.answer.rose.wedges;
  }

  showRose() {
    const rose = byId("rose");
    rose.replaceChildren();
    byId("rose-text").textContent = "";
    if (!this.answer) return;
    byId("rose-text").textContent =
      "Closing direction, either way round. Choose a sector to see where.";
    const { counts } = this.answer.rose;
    const most = Math.max(1, ...counts);
    const up = element("g", { transform: "scale(1 -1)" });
    this.sectors = this.wedges.map(({ sector, degrees }, index) => {
      const label = `${degrees}°: ${count(counts[index], "grasp")}`;
      const shape = element("path", {
        class: "sector", d: path(sector), role: "button", tabindex: index === (this.sector ?? 0) ? 0 : -1,
        "aria-pressed": String(this.sector === index), "aria-label": label,
      }, element("title", {}, label));
      shape.addEventListener("click", () => this.chooseSector(index));
      shape.addEventListener("keydown", (event) => this.keyOnSector(event, index));
      return shape;
    });
    this.wedges.forEach(({ wedge }, index) =>
      wedge.forEach((half) => up.append(element("polygon", {
        class: "wedge", points: points(half), fill: colour(counts[index] / most),
      }))));
    up.append(...this.sectors); // above the wedges, which would cover the mark of the focus
    rose.append(up);
    for (const [x, y, text] of [[1.2, 0, "0°"], [0, -1.14, "90°"], [-1.24, 0, "180°"]]) {
      rose.append(element("text", { class: "rose-text", x, y }, text));
    }
  }

  chooseSector(index) {
    this.sector = this.sector === index ? null : index;
    this.sectors.forEach((shape, other) =>
      shape.setAttribute("aria-pressed", String(other === this.sector)));
    this.showMap();
  }

  keyOnSector(event, index) {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (step) {
      const next = this.sectors.at((index + step) % this.sectors.length);
      this.sectors[index].setAttribute("tabindex", -1);
      next.setAttribute("tabindex", 0);
      next.focus();
    } else if (event.key === "Enter" || event.key === " ") {
      this.chooseSector(index);
    } else {
      return;
    }
    event.preventDefault();
  }
}
