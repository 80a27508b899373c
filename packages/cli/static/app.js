import { PlaygroundPage } from './page.js';

new PlaygroundPage().start();
