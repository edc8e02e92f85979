// Lets oav, Azure's own validator, judge recorded requests and answers by Azure's own specifications.
//   node judge.js SPECIFICATIONS EXCHANGES FINDINGS      (the latter two are JSON files)
// An exchange is {method, url, headers, body, status, answer_headers, answer}; its findings have the same index.
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
    const result = await validator.validateLiveRequestResponse({
      liveRequest: { method: one.method, url: one.url, headers: one.headers, body: one.body ?? undefined },
      liveResponse: { statusCode: String(one.status), headers: one.answer_headers, body: one.answer ?? {} },
    });
    findings.push([
      ...problems("request", result.requestValidationResult),
      ...problems("answer", result.responseValidationResult),
    ]);
  }
  fs.writeFileSync(process.argv[4], JSON.stringify(findings));
}

function problems(side, result) {
  const found = (result.errors ?? []).map((error) => ({
    side, code: error.code, message: error.message, path: error.pathsInPayload ?? [],
  }));
  if (result.runtimeException) {
    found.push({ side, code: result.runtimeException.code, message: result.runtimeException.message, path: [] });
  }
  return found;
}

main().then(() => process.exit(0), (problem) => {
  console.error(problem);
  process.exit(1);
});
