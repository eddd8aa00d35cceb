// What the page says of an answer, in sentences.

const count = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;
const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`.replace("?.", "?");

export { count };

function found({ grasps, name, tries, seed, best, verified, traced, filled, reason }, least) {
  if (!grasps.length && verified) return `No grasp of ${name} holds: ${reason}.`;
  if (!grasps.length) {
    return `No grasp of ${name}: none of ${tries} tries is rated ${least.toFixed(2)} or better by the network, `
      + `the best ${best.toFixed(2)}.`;
  }
  const many = `${count(grasps.length, "grasp")} of ${name}`;
  const rated = least > 0 ? ` that the network rates ${least.toFixed(2)} or better` : "";
  if (filled) {
    return `${many}: ${grasps.length - filled}${rated}, from ${tries} tries, and ${filled} by the `
      + `exact rules alone (seed ${seed}). All hold by the exact rules.`;
  }
  if (verified) return `${many}${rated}, from ${tries} tries (seed ${seed}). All hold by the exact rules.`;
  if (traced) {
    return `${many}${rated}, from ${tries} tries (seed ${seed}). All hold by the exact rules on the outline `
      + "traced in the picture.";
  }
  return least > 0
    ? `${many}${rated}, from ${tries} tries (seed ${seed}).`
    : `${many}, all that were tried, however the network rates them (seed ${seed}).`;
}

function judged({ grasps, exact }, wanted) {
  if (!wanted || !grasps.length) return "";
  if (!exact) return "No outline could be traced, so there are no exact verdicts.";
  const by = exact.known ? "" : ", by the outline traced in the picture";
  return `The exact rules accept ${exact.feasible} of ${grasps.length}${by}.`;
}

export function status(answer, { min_feasibility: least, exact }) {
  return [found(answer, least), judged(answer, exact), ...answer.notes.map(sentence)]
    .filter(Boolean).join(" ");
}

// Of a picture in which the part is to be chosen.
export function choice({ name, objects, notes }) {
  return [`${name} shows ${count(objects.length, "object")}: click the one to grasp.`,
    ...notes.map(sentence)].join(" ");
}

export function modes({ word, count: many, found: met, stray, expected }) {
  const apart = stray
    ? ` ${count(stray, "grasp")} ${stray === 1 ? "is" : "are"} in none: none is near, or the region there is too small to count.`
    : "";
  if (!expected) {
    return `${count(many, word)}: groups of the grasps found that lie close together. `
      + `How many ways of holding it there are, a picture does not tell.${apart}`;
  }
  if (!many) return `The exact rules leave no region of grasps that is large enough to count.${apart}`;
  const all = met === many ? (many === 1 ? "It was found." : `All ${many} were found.`)
    : `${met} of them ${met === 1 ? "was" : "were"} found.`;
  return `${count(many, word)}: separate regions of grasps that hold, by the exact rules. ${all}${apart}`;
}

export function grasp(answer, index) {
  const { x, y, degrees, feasibility, mode } = answer.grasps[index];
  const at = answer.walk.indexOf(index) + 1;
  const where = mode < 0 ? `no ${answer.modes.word}` : `${answer.modes.word} ${mode + 1}`;
  const rule = answer.exact?.broken[index];
  const verdict = answer.exact ? `\u00a0· exact: ${rule ? answer.exact.rules[rule] : "it holds"}` : "";
  return `Grasp ${at} of ${answer.grasps.length}: x ${x.toFixed(1)} mm, y ${y.toFixed(1)} mm, `
    + `θ\u00a0${degrees.toFixed(1)}°\u00a0· feasibility ${feasibility.toFixed(2)}\u00a0· ${where}${verdict}`;
}
