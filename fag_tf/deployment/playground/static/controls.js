// What is chosen on the left: part, gripper and how many grasps; and the question they make.

const byId = (id) => document.getElementById(id);
const RANDOM = "random:";

export class Controls {
  constructor(onChange) {
    this.onChange = onChange;
    this.file = null;
    this.besideFile = null;
    this.index = null; // of the object that was chosen in a picture of several
    this.values = {};
    byId("controls").addEventListener("submit", (event) => event.preventDefault());
    for (const id of ["shape", "width", "beside-width", "largest", "count", "least", "seed", "exact"]) {
      byId(id).addEventListener("input", () => this.changed());
    }
    byId("another").addEventListener("click", () => this.another());
    byId("reseed").addEventListener("click", () => {
      byId("seed").value = crypto.getRandomValues(new Uint32Array(1))[0];
      this.changed();
    });
    byId("preset").addEventListener("change", () => this.choosePreset());
    byId("largest").addEventListener("input", () => { this.index = null; });
    byId("which").addEventListener("input", () => {
      const { value } = byId("which");
      this.chooseObject(value === "" ? null : Number(value));
    });
    this.showNumbers();
  }

  // The object of this number in the picture is the part; null: it is to be clicked.
  chooseObject(index) {
    this.index = index;
    byId("largest").checked = false;
    this.changed();
  }

  // The objects that a picture shows, if they are several, and the one that is grasped.
  showObjects(count, index) {
    byId("which-row").hidden = count < 2;
    const options = Array.from({ length: count }, (_, number) =>
      new Option(`${number + 1} of ${count}`, String(number)));
    byId("which").replaceChildren(new Option("click one", ""), ...options);
    byId("which").value = index === null ? "" : String(index);
  }

  // What lies beside the part: none, draw-beside or picture-beside.
  get beside() {
    return document.querySelector('input[name="beside"]:checked').value;
  }

  // Whether the pencil draws neighbours: the part is not drawn, or their layer is chosen.
  get drawsBeside() {
    return this.beside === "draw-beside" && (this.kind !== "drawing"
      || document.querySelector('input[name="layer"]:checked').value === "beside-layer");
  }

  get kind() {
    return document.querySelector('input[name="kind"]:checked').value;
  }

  // The model's sliders, presets and parts; what is chosen stays if the new model allows it.
  describe(model) {
    this.model = model;
    const shape = byId("shape");
    const chosen = shape.value || "hammer";
    shape.replaceChildren(...model.parts.map((name) => new Option(name, name)));
    shape.append(new Option("random part", `${RANDOM}1`));
    shape.value = chosen;
    if (shape.selectedIndex < 0) shape.selectedIndex = 0;
    byId("preset").replaceChildren(
      ...model.presets.map(({ name, outside }) => {
        const words = outside.length ? `${name} (beyond this model: ${outside.join(", ")})` : name;
        const option = new Option(words, name);
        option.disabled = outside.length > 0;
        return option;
      }),
      new Option("as the sliders say", ""),
    );
    byId("sliders").replaceChildren(...model.sliders.map((slider) => this.slider(slider)));
    this.matchPreset();
    this.showNumbers();
  }

  slider({ name, words, unit, factor, low, high, default: value }) {
    const now = this.values[name];
    this.values[name] = now >= low && now <= high ? now : value;
    const label = document.createElement("label");
    label.className = "slider";
    label.htmlFor = `gripper-${name}`; // or it would be the number's label
    label.title = words;
    const [line, number, input] = ["span", "output", "input"].map((tag) => document.createElement(tag));
    const digits = unit === "mm" && high - low > 0.01 ? 1 : 2;
    const tell = () => {
      const text = `${(this.values[name] * factor).toFixed(digits)} ${unit}`.trim();
      number.textContent = text;
      input.setAttribute("aria-valuetext", text);
    };
    line.append(name.replaceAll("_", " "), number);
    Object.assign(input, { type: "range", id: `gripper-${name}`, min: low, max: high, step: "any" });
    input.value = this.values[name];
    input.disabled = !(low < high);
    input.addEventListener("input", () => {
      this.values[name] = Number(Number(input.value).toPrecision(4));
      this.matchPreset();
      tell();
      this.changed();
    });
    tell();
    label.append(line, input);
    label.tell = () => {
      input.value = this.values[name];
      tell();
    };
    return label;
  }

  choosePreset() {
    const preset = this.model.presets.find(({ name }) => name === byId("preset").value);
    if (!preset) return;
    Object.assign(this.values, preset.values);
    for (const label of byId("sliders").children) label.tell();
    this.changed();
  }

  matchPreset() {
    const same = this.model.presets.find(({ values }) =>
      Object.entries(values).every(([name, value]) => Math.abs(this.values[name] - value) < 1e-9));
    byId("preset").value = same?.name ?? "";
  }

  another() {
    const option = byId("shape").selectedOptions[0];
    option.value = RANDOM + (Number(option.value.slice(RANDOM.length)) + 1);
    option.textContent = `random part ${option.value.slice(RANDOM.length)}`;
    this.changed();
  }

  changed() {
    this.showNumbers();
    this.onChange();
  }

  showNumbers() {
    byId("count-value").textContent = byId("count").value;
    byId("least-value").textContent = Number(byId("least").value).toFixed(2);
    byId("brush-size-value").textContent = `${byId("brush-size").value} mm`;
    byId("another").hidden = !byId("shape").value.startsWith(RANDOM);
  }

  // The question without its part; null while a field holds no number.
  question() {
    if (!byId("controls").checkValidity()) return null;
    return {
      gripper: { ...this.values },
      count: Number(byId("count").value),
      min_feasibility: Number(byId("least").value),
      seed: Number(byId("seed").value),
      exact: byId("exact").checked,
    };
  }

  // The picture's part of the question; null before one is chosen.
  async pictured() {
    if (!this.file) return null;
    const index = this.index === null ? {} : { index: this.index };
    return {
      picture: await base64(this.file),
      file: this.file.name,
      width_mm: Number(byId("width").value),
      largest: byId("largest").checked,
      ...index,
    };
  }

  // The neighbours' picture; null before one is chosen.
  async picturedBeside() {
    if (!this.besideFile) return null;
    return {
      picture: await base64(this.besideFile),
      file: this.besideFile.name,
      width_mm: Number(byId("beside-width").value),
    };
  }
}

async function base64(file) {
  const data = await new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(file);
  });
  return data.split(",")[1] ?? "";
}
