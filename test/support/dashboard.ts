import { contentOf } from './sources.js';

const { panels } = JSON.parse(contentOf('docs/monitoring/grafana/dashboard.json')) as {
  panels: { title: string; targets: { expr: string }[] }[];
};

/** What the dashboard asks Prometheus, by the title of its panel. */
export const asked = panels.flatMap(({ title, targets }) =>
  targets.map(({ expr }) => ({ title, expr })),
);

/** Words of the language that take a name's place before `(` or a list of labels. */
const words = new Set(['by', 'sum', 'rate', 'increase', 'histogram_quantile', 'or', 'vector']);

/** Of the metrics that an expression reads. */
export function metricsIn(expr: string): string[] {
  const bare = expr.replace(/\{[^}]*\}|\[[^\]]*\]|by \([^)]*\)/g, '');
  return (bare.match(/[a-z_]\w*/g) ?? []).filter((name) => !words.has(name));
}
