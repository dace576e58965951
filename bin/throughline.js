#!/usr/bin/env node
/** The command of the npm package: the same as `npm start`. */
import '../scripts/run.js';
