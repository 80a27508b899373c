'use strict';

module.exports = require('../browser.js');
