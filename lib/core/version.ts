/** Version of this package, which requests carry in their User-Agent. Compared with package.json in a test. */
export const version = '0.1.0';
