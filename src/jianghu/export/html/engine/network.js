// The reader's network: features of the candidates of a question → a probability for each, and for "not in the book"; see
// jianghu/reader/network.py.

import { half } from "./tensors.js";

const BOUND = 6; // standard deviations beyond which a feature counts no further

/** The integral of the normal distribution's density, twice and without its half: Numerical Recipes' erfc, to 1.2e-7. */
function erf(x) {
  const t = 1 / (1 + Math.abs(x) / 2);
  const series = [-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
    -0.82215223, 0.17087277].reduceRight((sum, one) => one + t * sum, 0);
  const rest = t * Math.exp(-x * x + series);
  return x >= 0 ? 1 - rest : rest - 1;
}

const gelu = (x) => 0.5 * x * (1 + erf(x / Math.SQRT2));

/** x times the transpose of a weight (outs, inner), plus a bias. */
function linear(tensors, name, x) {
  const weight = tensors[`${name}.weight`].data, bias = tensors[`${name}.bias`].data;
  return Array.from(bias, (sum, o) => {
    for (let i = 0, at = o * x.length; i < x.length; i++) sum += weight[at + i] * x[i];
    return sum;
  });
}

function scaled(tensors, name, x) {
  const mean = tensors[`${name}mean`].data, scale = tensors[`${name}scale`].data;
  return x.map((one, n) => Math.max(-BOUND, Math.min(BOUND, (one - mean[n]) * scale[n])));
}

/**
 * The average of several networks over the candidates' rows; (candidates + 1) probabilities, the last that of no answer.
 * tensors: their weights by name.
 */
export function probabilities(tensors, scorers, { rows, whole }) {
  const rounded = rows.map((row) => row.map((one) => half(Math.fround(one)))); // as they are when it learns
  const mean = new Float64Array(rows.length + 1);
  for (let n = 0; n < scorers; n++) {
    const own = `scorers.${n}.`;
    const scores = rounded.map((row) => {
      const x = scaled(tensors, own, row);
      const h = linear(tensors, `${own}second`, linear(tensors, `${own}first`, x).map(gelu)).map(gelu);
      return linear(tensors, `${own}score`, h)[0] + linear(tensors, `${own}direct`, x)[0];
    });
    const none = linear(tensors, `${own}none.0`, scaled(tensors, `${own}whole_`, whole)).map(gelu);
    scores.push(linear(tensors, `${own}none.2`, none)[0]);
    const most = Math.max(...scores), shares = scores.map((score) => Math.exp(score - most));
    const all = shares.reduce((a, b) => a + b, 0);
    shares.forEach((share, k) => (mean[k] += share / all / scorers));
  }
  return mean;
}
