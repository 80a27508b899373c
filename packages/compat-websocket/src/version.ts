/** The release of `websocket` whose API and behaviour this package has: programs compare it, so it is not our own. */
export const version = '1.0.35';
