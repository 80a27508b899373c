import { Fetch } from './fetch.ts';

/** Polling with Node's `fetch`, which keeps no cookies. */
export class NodeFetch extends Fetch {
  protected override async request(uri: string, init: RequestInit & { headers: Headers }): Promise<Response> {
    const jar = this.socket?._cookieJar;
    const cookies = jar?.header();
    if (cookies) init.headers.append('cookie', cookies);
    const response = await super.request(uri, init);
    if (response.ok) jar?.parseCookies(response.headers.getSetCookie());
    return response;
  }
}
