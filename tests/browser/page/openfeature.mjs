// OpenFeature's web SDK with Pennon's provider, as a page would use them. The tests import it into the page.
import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk';
import { PennonWebProvider } from '@pennon/sdk/openfeature-web';

const DOMAIN = 'pennon';
export const client = OpenFeature.getClient(DOMAIN);
export const told = [];

export async function connect(context, options) {
  await OpenFeature.setContext(DOMAIN, context);
  await OpenFeature.setProviderAndWait(DOMAIN, new PennonWebProvider(options));
  for (const event of Object.values(ProviderEvents)) {
    client.addHandler(event, (details) => told.push([event.replace('PROVIDER_', ''), details?.flagsChanged ?? []]));
  }
}

export const become = (context) => OpenFeature.setContext(DOMAIN, context);
export const close = () => OpenFeature.clearProviders();
