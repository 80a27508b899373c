export * from './dist/cjs/index.js';
export { io as default } from './dist/cjs/index.js';
