/**
 * The version that the package tells the server; a test holds it to package.json.
 */

export const VERSION = "0.1.0";
