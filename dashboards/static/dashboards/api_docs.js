// Starts Swagger UI on the description of this API. A file of its own: the policy allows no inline script.
"use strict";

const page = document.getElementById("swagger-ui");
SwaggerUIBundle({
  url: page.dataset.schema,
  domNode: page,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  docExpansion: "full",
  defaultModelsExpandDepth: 0,
  supportedSubmitMethods: ["get"],
  validatorUrl: null,
});
