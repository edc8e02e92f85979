// Lets oav, Azure's own validator, judge recorded answers by Azure's own specifications.
//   node judge.js SPECIFICATIONS EXCHANGES FINDINGS      (the latter two are JSON files)
// An exchange is {method, url, status, answer_headers, answer}; its findings have the same index.
const fs = require("fs");
const { LiveValidator } = require("oav/dist/lib/liveValidation/liveValidator");

async function main() {
  const exchanges = JSON.parse(fs.readFileSync(process.argv[3], "utf8"));
  const validator = new LiveValidator({
    directory: process.argv[2],
    swaggerPathsPattern: ["**/resource-manager/**/stable/*/*.json"],
    git: { shouldClone: false },
    isPathCaseSensitive: false,
    loadValidatorInBackground: false, // compile only what is met: a second instead of minutes
  });
  await validator.initialize();
  const findings = [];
  for (const one of exchanges) {
    const answer = { statusCode: String(one.status), headers: one.answer_headers, body: one.answer ?? {} };
    findings.push(problems(await validator.validateLiveResponse(answer, { url: one.url, method: one.method })));
  }
  fs.writeFileSync(process.argv[4], JSON.stringify(findings));
}

function problems(result) {
  const found = (result.errors ?? []).map((error) => ({
    code: error.code, message: error.message, path: error.pathsInPayload ?? [],
  }));
  if (result.runtimeException) {
    found.push({ code: result.runtimeException.code, message: result.runtimeException.message, path: [] });
  }
  return found;
}

main().then(() => process.exit(0), (problem) => {
  console.error(problem);
  process.exit(1);
});
