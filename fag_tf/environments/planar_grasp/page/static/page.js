// The page: what is chosen becomes a question, and the answer is shown.

import { Charts } from "./charts.js";
import { Controls } from "./controls.js";
import { Drawing } from "./drawing.js";
import { Server } from "./server.js";
import { Stage } from "./stage.js";
import { colours, onSchemeChange, setColours } from "./svg.js";

const PAUSE = 180; // ms without a change before it is asked
const TABLE = 300; // mm

const byId = (id) => document.getElementById(id);
const stageBox = byId("stage");
let timer = 0;
let answer = null;

const controls = new Controls(ask);
const drawing = new Drawing(byId("canvas"), TABLE, ask);
const stage = new Stage(stageBox, byId("view"), TABLE, tellSelected);
const charts = new Charts((mode) => {
  stage.showMode(mode);
  const first = answer.walk.find((index) => mode === null || answer.grasps[index].mode === mode);
  if (first !== undefined) stage.select(first);
});
const server = new Server({
  onModel(model) {
    byId("model").textContent = `model ${model.model}, version ${model.version}`;
    setColours(model.colours);
    controls.describe(model);
    showBar();
    ask();
  },
  onGone() {
    byId("gone").hidden = false;
    stageBox.classList.remove("busy");
    tell("");
  },
  onBack(unanswered) {
    byId("gone").hidden = true;
    if (unanswered) ask();
    else if (answer) tellAnswer();
  },
});

function ask() {
  clearTimeout(timer);
  timer = setTimeout(askNow, PAUSE);
}

async function askNow() {
  const question = controls.question();
  if (!question || !controls.model) {
    if (controls.model) tell("A field holds no number that can be used.", true);
    return;
  }
  const kind = controls.kind;
  const part = kind === "name" ? { name: byId("shape").value }
    : kind === "drawing" ? (drawing.isEmpty ? null : { drawing: drawing.file() })
      : await controls.pictured();
  if (!part) {
    server.drop();
    show(null);
    tell(kind === "drawing" ? "Draw a part on the table." : "Choose a picture of one object.");
    return;
  }
  stageBox.classList.add("busy");
  stageBox.setAttribute("aria-busy", "true");
  const told = await server.ask({ ...question, part });
  if (told === null) return;
  stageBox.classList.remove("busy");
  stageBox.setAttribute("aria-busy", "false");
  if (told.error) {
    show(null);
    tell(told.error, true);
  } else {
    show(told);
    tellAnswer();
  }
}

function show(told) {
  answer = told;
  stageBox.classList.toggle("pictured", controls.kind === "picture");
  stage.show(told);
  charts.show(told);
  byId("download").disabled = !told?.grasps.length;
  byId("marks").hidden = !told?.exact;
  byId("empty").hidden = !told || told.grasps.length > 0;
  byId("empty").textContent = "Found no grasp that holds. Try a wider opening, more friction, a smaller part or a lower least feasibility.";
  stageBox.setAttribute("aria-label", told ? `${told.grasps.length} grasps of ${told.name}` : "no grasps yet");
}

function tellAnswer() {
  const { grasps, tries, best, name, notes, exact, seed } = answer;
  const found = grasps.length
    ? `${grasps.length} grasps of ${name} that the network believes in, from ${tries} drawn (seed ${seed}).`
    : `No grasp of ${name}: none of ${tries} drawn reaches the least feasibility (best ${best.toFixed(2)}).`;
  const judged = exact
    ? ` The exact rules accept ${exact.feasible} of ${grasps.length}${exact.known ? "" : ", by the outline traced in the picture"}.`
    : byId("exact").checked ? " No outline could be traced, so there are no exact verdicts." : "";
  tell([found + judged, ...notes.map((note) => `${note[0].toUpperCase()}${note.slice(1)}.`.replace("?.", "?"))].join(" "));
}

function tell(text, isError = false) {
  byId("status").textContent = text;
  byId("status").classList.toggle("error", isError);
}

function tellSelected(index) {
  const grasp = answer?.grasps[index];
  if (!grasp) {
    byId("selected").textContent = "";
    return;
  }
  const at = answer.walk.indexOf(index) + 1;
  const mode = `${grasp.mode < 0 ? "no" : ""} ${answer.modes.word} ${grasp.mode < 0 ? "" : grasp.mode + 1}`.trim();
  const rule = answer.exact?.broken[index];
  const verdict = answer.exact ? ` · exact: ${rule ? answer.exact.rules[rule] : "it holds"}` : "";
  byId("selected").textContent =
    `Grasp ${at} of ${answer.grasps.length}: x ${grasp.x.toFixed(1)} mm, y ${grasp.y.toFixed(1)} mm, `
    + `θ ${grasp.degrees.toFixed(1)}° · feasibility ${grasp.feasibility.toFixed(2)} · ${mode}${verdict}`;
}

function showBar() {
  byId("bar").style.background = `linear-gradient(to right, ${colours().join(", ")})`;
}

function chooseKind() {
  for (const part of document.querySelectorAll("[data-kind]")) {
    part.hidden = part.dataset.kind !== controls.kind;
  }
  const draws = controls.kind === "drawing";
  stageBox.classList.toggle("drawing", draws);
  byId("canvas").hidden = !draws;
  stage.whole = draws;
  showPicture();
  show(null);
  if (draws) drawing.paint();
  ask();
}

async function showPicture() {
  if (stage.picture) URL.revokeObjectURL(stage.picture.url);
  stage.picture = null;
  if (controls.kind !== "picture" || !controls.file) return;
  const url = URL.createObjectURL(controls.file);
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
  } catch {
    return URL.revokeObjectURL(url); // a format that the browser cannot show; the server may read it
  }
  const width = Number(byId("width").value);
  stage.picture = { url, width, height: (width * image.naturalHeight) / image.naturalWidth };
  stage.draw();
}

function takeFile(file) {
  if (!file) return;
  controls.file = file;
  byId("file-name").textContent = file.name;
  document.querySelector('input[name="kind"][value="picture"]').checked = true;
  chooseKind();
}

byId("kinds").addEventListener("change", chooseKind);
byId("file").addEventListener("change", () => takeFile(byId("file").files[0]));
byId("width").addEventListener("input", showPicture);
byId("tools").addEventListener("change", (event) => { drawing.tool = event.target.value; });
byId("brush-size").addEventListener("input", (event) => {
  drawing.size = Number(event.target.value);
  controls.showNumbers();
});
byId("undo").addEventListener("click", () => drawing.undo());
byId("clear").addEventListener("click", () => drawing.clear());
byId("download").addEventListener("click", () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([answer.csv], { type: "text/csv" }));
  link.download = `${answer.name.replace(/[^\w-]+/g, "_")}_grasps.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
});

stageBox.addEventListener("pointerdown", (event) => {
  if (controls.kind !== "drawing" || event.button !== 0) return;
  stageBox.setPointerCapture(event.pointerId);
  server.drop();
  show(null);
  drawing.begin(event);
});
stageBox.addEventListener("pointermove", (event) => drawing.isBusy && drawing.extend(event));
for (const name of ["pointerup", "pointercancel"]) stageBox.addEventListener(name, () => drawing.end());
for (const box of [stageBox, byId("drop")]) {
  box.addEventListener("dragover", (event) => {
    event.preventDefault();
    box.classList.add("over");
  });
  box.addEventListener("dragleave", () => box.classList.remove("over"));
  box.addEventListener("drop", (event) => {
    event.preventDefault();
    box.classList.remove("over");
    takeFile(event.dataTransfer.files[0]);
  });
}
onSchemeChange(() => {
  showBar();
  stage.draw();
  charts.redraw();
  if (controls.kind === "drawing") drawing.paint();
});
byId("canvas").hidden = true;
stage.draw();
