import type { ModelFacts } from '../schemas.js';

const answer = await fetch('v1/model');
if (answer.ok) document.title = `gillnet: ${((await answer.json()) as ModelFacts).name}`;
