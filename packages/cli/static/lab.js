import { io } from '/socket.io.esm.min.js';
import { LabPage } from './lab-page.js';

new LabPage(io('/lab', { reconnectionDelayMax: 3000 }));
