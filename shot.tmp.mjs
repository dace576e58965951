import { chromium as pw } from 'playwright-core';
import chromium from '@sparticuz/chromium';
const [url, out, w='1440', h='900', scheme='light', waitMs='4000'] = process.argv.slice(2);
const b = await pw.launch({ executablePath: await chromium.executablePath(), args: ['--no-sandbox','--disable-gpu','--hide-scrollbars','--disable-background-networking','--no-first-run'] });
const p = await b.newPage({ viewport: { width:+w, height:+h }, colorScheme: scheme });
p.on('console', m => m.type()==='error' && console.log('console', m.text())); p.on('pageerror', e => console.log('pageerror', e.message));
await p.goto(url); await p.waitForTimeout(+waitMs); await p.screenshot({ path: out }); await b.close();
