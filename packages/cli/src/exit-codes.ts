/** What the command's exit status says; part of its interface, listed in the help and the README. */
export const EXIT_CODES = Object.freeze({
  /** The work was done and the connection closed normally, or the server drained and stopped. */
  ok: 0,
  /** Could not connect, could not listen, or a file could not be read. */
  failed: 1,
  /** The command line was wrong. */
  usage: 2,
  /** The connection was open and then closed with an abnormal code. */
  closedAbnormally: 3,
  /** A second Ctrl-C cut the clean ending short. */
  interrupted: 130,
});
