import { clean } from './folder.js';

// Outlives the process that started it by a moment, however that one ended, and takes its servers along.
// Their folders come as lines; the end of the lines is the end of that process.
let folders = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (text) => {
  folders += text;
});
process.stdin.on('end', () => {
  for (const folder of folders.split('\n').filter(Boolean)) clean(folder);
});
