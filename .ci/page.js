// Opens each page of a folder in a browser and fails on what a reader would stumble over. See .ci/page.
const fs = require('fs');
const path = require('path');
const puppeteer = require('puppeteer-core');

const [browserPath, folder, pictures] = process.argv.slice(2);
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const looks = [
  { name: 'light', width: 1280, scheme: 'light' },
  { name: 'dark', width: 1280, scheme: 'dark' },
  { name: 'phone', width: 390, scheme: 'light' },
];

async function look(browser, file, { name, width, scheme }) {
  const page = await browser.newPage();
  const troubles = [];
  page.on('request', (request) => {
    if (!request.url().startsWith('file:')) troubles.push(`asks for ${request.url()}`);
  });
  page.on('console', (message) => troubles.push(`complains: ${message.text()}`));
  page.on('dialog', (dialog) => {
    troubles.push('a script of a peer runs');
    dialog.dismiss();
  });
  await page.setViewport({ width, height: 900, isMobile: name === 'phone' });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
  await page.goto(`file://${file}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (wide > 0) troubles.push(`is ${wide} pixels too wide`);
  if (pictures) {
    const picture = `${path.basename(file, '.html')}-${name}.png`;
    await page.screenshot({ path: path.join(pictures, picture), fullPage: true });
  }
  // what is folded is read too
  await page.evaluate(() => document.querySelectorAll('details').forEach((d) => { d.open = true; }));
  // through the debugger, past the policy of the page, which allows no script
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  for (const violation of violations) {
    troubles.push(`${violation.id}: ${violation.help}: ${violation.nodes[0].html.slice(0, 200)}`);
  }
  await page.close();
  return troubles.map((trouble) => `${path.basename(file)}, ${name}: ${trouble}`);
}

(async () => {
  const browser = await puppeteer.launch({ executablePath: browserPath, args: ['--no-sandbox', '--disable-gpu'] });
  const files = fs.readdirSync(folder).filter((file) => file.endsWith('.html')).sort();
  let troubles = [];
  for (const file of files) {
    for (const one of looks) troubles = troubles.concat(await look(browser, path.join(folder, file), one));
  }
  await browser.close();
  troubles.forEach((trouble) => console.error(trouble));
  console.log(`${files.length} pages, ${looks.length} looks each, ${troubles.length} troubles`);
  process.exit(files.length === 0 || troubles.length > 0 ? 1 : 0);
})();
