import { PlaygroundPage } from './page.js';
import { chooseWire } from './wire-choice.js';

new PlaygroundPage(await chooseWire()).start();
