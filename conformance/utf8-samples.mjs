/**
 * The tables of valid and malformed UTF-8 that every conformance suite shares, after Markus Kuhn's stress test and
 * the boundaries of RFC 3629. The vectors and the live suite both read them.
 *
 * Notation: octets in hex, blanks free. `!` stands before the octet at which a strict receiver has to fail: no valid
 * text has it there. A closing `$` says that the text breaks off inside a code point, which only its end reveals.
 */

const KOSME = 'ceba e1bdb9 cf83 cebc ceb5';

/** Read one sample in the notation above. */
export function parseSample(notation) {
  const compact = notation.replaceAll(' ', '');
  const marker = compact.indexOf('!');
  const isTruncated = compact.endsWith('$');
  const bytes = Buffer.from(compact.replace('!', '').replace('$', ''), 'hex');
  return {
    bytes,
    isValid: marker === -1 && !isTruncated,
    /** Index of the octet at which to fail; undefined for valid and for truncated text. */
    badAt: marker === -1 ? undefined : marker / 2,
  };
}

/**
 * The sections, in the order and under the numbers of the well-known suites (group 6).
 *
 * @returns `{ section, title, samples: [name, notation][] }[]`
 */
export function utf8Sections() {
  return [...kosmeSections(), ...boundarySections(), ...malformedSections(), ...characterSections()];
}

function kosmeSections() {
  return [
    {
      section: '6.5',
      title: 'a Greek word, growing by code points',
      samples: [
        ['one letter', 'ceba'],
        ['two letters', 'ceba e1bdb9'],
        ['three letters', 'ceba e1bdb9 cf83'],
        ['four letters', 'ceba e1bdb9 cf83 cebc'],
        ['the whole word', KOSME],
      ],
    },
    {
      section: '6.6',
      title: 'a Greek word, growing by octets',
      samples: [
        ['1 octet', 'ce$'],
        ['2 octets', 'ceba'],
        ['3 octets', 'ceba e1$'],
        ['4 octets', 'ceba e1bd$'],
        ['5 octets', 'ceba e1bdb9'],
        ['6 octets', 'ceba e1bdb9 cf$'],
        ['7 octets', 'ceba e1bdb9 cf83'],
        ['8 octets', 'ceba e1bdb9 cf83 ce$'],
        ['9 octets', 'ceba e1bdb9 cf83 cebc'],
        ['10 octets', 'ceba e1bdb9 cf83 cebc ce$'],
        ['11 octets', KOSME],
      ],
    },
  ];
}

function boundarySections() {
  return [
    {
      section: '6.7',
      title: 'the first code point of each length',
      samples: [
        ['U+0000', '00'],
        ['U+0080', 'c280'],
        ['U+0800', 'e0a080'],
        ['U+10000', 'f0908080'],
      ],
    },
    {
      section: '6.8',
      title: 'the first sequence of five and six octets',
      samples: [
        ['five octets', '!f888808080'],
        ['six octets', '!fc8480808080'],
      ],
    },
    {
      section: '6.9',
      title: 'the last code point of each length',
      samples: [
        ['U+007F', '7f'],
        ['U+07FF', 'dfbf'],
        ['U+FFFF', 'efbfbf'],
        ['U+10FFFF', 'f48fbfbf'],
      ],
    },
    {
      section: '6.10',
      title: 'the last sequence of lengths beyond Unicode',
      samples: [
        ['four octets', '!f7bfbfbf'],
        ['five octets', '!fbbfbfbfbf'],
        ['six octets', '!fdbfbfbfbfbf'],
      ],
    },
    {
      section: '6.11',
      title: 'other boundaries',
      samples: [
        ['U+D7FF before the surrogates', 'ed9fbf'],
        ['U+E000 after the surrogates', 'ee8080'],
        ['U+FFFD', 'efbfbd'],
        ['U+10FFFF', 'f48fbfbf'],
        ['U+110000', 'f4!908080'],
        ['U+40000', 'f1808080'],
        ['U+FFFFF', 'f3bfbfbf'],
        ['U+0FFF', 'e0bfbf'],
        ['U+1000', 'e18080'],
        ['U+140000', '!f5808080'],
      ],
    },
  ];
}

function malformedSections() {
  return [...loneOctetSections(), ...incompleteSections(), ...overlongSections(), ...surrogateSections()];
}

function loneOctetSections() {
  const tails = Array.from({ length: 64 }, (_, index) => (0x80 + index).toString(16)).join('');
  const leads = (first, last) =>
    Array.from({ length: last - first + 1 }, (_, index) => `${(first + index).toString(16)}20`).join('');
  return [
    {
      section: '6.12',
      title: 'continuation octets without a lead',
      samples: [
        ['80', '!80'],
        ['bf', '!bf'],
        ['two', '!80bf'],
        ['three', '!80bf80'],
        ['four', '!80bf80bf'],
        ['five', '!80bf80bf80'],
        ['six', '!80bf80bf80bf'],
        ['seven', '!80bf80bf80bf80'],
        ['all 64', `!${tails}`],
        ['after a letter', '61!80'],
        ['one too many', 'c3a4!a4'],
      ],
    },
    {
      section: '6.13',
      title: 'lonely leads, each before a space',
      samples: [
        ['c0 to df', `!${leads(0xc0, 0xdf)}`],
        ['c2 to df', `c2!20${leads(0xc3, 0xdf)}`],
        ['e0 to ef', `e0!20${leads(0xe1, 0xef)}`],
        ['f0 to f7', `f0!20${leads(0xf1, 0xf7)}`],
        ['f8 to fb', `!${leads(0xf8, 0xfb)}`],
        ['fc and fd', `!${leads(0xfc, 0xfd)}`],
      ],
    },
  ];
}

function incompleteSections() {
  return [
    {
      section: '6.14',
      title: 'the last continuation missing',
      samples: [
        ['c0', '!c0'],
        ['e0 80', 'e0!80'],
        ['f0 80 80', 'f0!8080'],
        ['f8 80 80 80', '!f8808080'],
        ['fc 80 80 80 80', '!fc80808080'],
        ['df', 'df$'],
        ['ef bf', 'efbf$'],
        ['f7 bf bf', '!f7bfbf'],
        ['fb bf bf bf', '!fbbfbfbf'],
        ['fd bf bf bf bf', '!fdbfbfbfbf'],
        ['e0 a0', 'e0a0$'],
        ['f0 90 80', 'f09080$'],
        ['f4 8f bf', 'f48fbf$'],
        ['f4 8f', 'f48f$'],
        ['f4', 'f4$'],
      ],
    },
    {
      section: '6.15',
      title: 'incomplete sequences one after the other',
      samples: [
        ['all ten of the stress test', '!c0e080f08080f8808080fc80808080dfefbff7bfbffbbfbfbffdbfbfbfbf'],
        ['two octets then two octets', 'df!dfbf'],
        ['three octets then one', 'efbf!61'],
      ],
    },
    {
      section: '6.16',
      title: 'impossible octets',
      samples: [
        ['fe', '!fe'],
        ['ff', '!ff'],
        ['fe fe ff ff', '!fefeffff'],
        ['f5 to fd', '!f5f6f7f8f9fafbfcfd'],
      ],
    },
  ];
}

function overlongSections() {
  return [
    {
      section: '6.17',
      title: 'overlong slash',
      samples: [
        ['two octets', '!c0af'],
        ['three octets', 'e0!80af'],
        ['four octets', 'f0!8080af'],
        ['five octets', '!f8808080af'],
        ['six octets', '!fc80808080af'],
      ],
    },
    {
      section: '6.18',
      title: 'the greatest overlong sequences',
      samples: [
        ['U+007F in two octets', '!c1bf'],
        ['U+07FF in three octets', 'e0!9fbf'],
        ['U+FFFF in four octets', 'f0!8fbfbf'],
        ['U+1FFFFF in five octets', '!f887bfbfbf'],
        ['U+3FFFFFF in six octets', '!fc83bfbfbfbf'],
      ],
    },
    {
      section: '6.19',
      title: 'overlong NUL',
      samples: [
        ['two octets', '!c080'],
        ['three octets', 'e0!8080'],
        ['four octets', 'f0!808080'],
        ['five octets', '!f880808080'],
        ['six octets', '!fc8080808080'],
      ],
    },
  ];
}

function surrogateSections() {
  return [
    {
      section: '6.20',
      title: 'single surrogates',
      samples: [
        ['U+D800', 'ed!a080'],
        ['U+DB7F', 'ed!adbf'],
        ['U+DB80', 'ed!ae80'],
        ['U+DBFF', 'ed!afbf'],
        ['U+DC00', 'ed!b080'],
        ['U+DF80', 'ed!be80'],
        ['U+DFFF', 'ed!bfbf'],
      ],
    },
    {
      section: '6.21',
      title: 'paired surrogates',
      samples: [
        ['U+D800 U+DC00', 'ed!a080edb080'],
        ['U+D800 U+DFFF', 'ed!a080edbfbf'],
        ['U+DB7F U+DC00', 'ed!adbfedb080'],
        ['U+DB7F U+DFFF', 'ed!adbfedbfbf'],
        ['U+DB80 U+DC00', 'ed!ae80edb080'],
        ['U+DB80 U+DFFF', 'ed!ae80edbfbf'],
        ['U+DBFF U+DC00', 'ed!afbfedb080'],
        ['U+DBFF U+DFFF', 'ed!afbfedbfbf'],
      ],
    },
  ];
}

function characterSections() {
  const noncharacters = [];
  for (let plane = 0; plane <= 16; plane += 1) {
    for (const last of [0xfffe, 0xffff]) {
      const codePoint = plane * 0x10000 + last;
      const hex = Buffer.from(String.fromCodePoint(codePoint), 'utf8').toString('hex');
      noncharacters.push([`U+${codePoint.toString(16).toUpperCase()}`, hex]);
    }
  }
  return [
    { section: '6.22', title: 'noncharacters are valid text', samples: noncharacters },
    {
      section: '6.23',
      title: 'specials and the byte order mark are valid text',
      samples: [
        ['U+FFF9', 'efbfb9'],
        ['U+FFFA', 'efbfba'],
        ['U+FFFB', 'efbfbb'],
        ['U+FFFC', 'efbfbc'],
        ['U+FFFD', 'efbfbd'],
        ['U+FEFF alone', 'efbbbf'],
        ['U+FEFF before a letter', 'efbbbf61'],
        ['U+FDD0', 'efb790'],
      ],
    },
    {
      section: '6.24',
      title: 'a malformed sequence amid text',
      samples: [
        ['surrogate', `${KOSME} ed!a080 656469746564`],
        ['beyond U+10FFFF', `${KOSME} f4!908080 656469746564`],
        ['overlong', `${KOSME} e0!9fbf 656469746564`],
        ['lead instead of a tail', `${KOSME} e1bd!e1bdb9 656469746564`],
        ['tail instead of a lead', `${KOSME} !b9 656469746564`],
        ['ASCII instead of a tail', `${KOSME} f09f98!61 656469746564`],
        ['impossible octet', `${KOSME} !ff 656469746564`],
      ],
    },
  ];
}
