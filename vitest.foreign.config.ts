import { defineConfig } from 'vitest/config';

/** The simulator before clients nobody here wrote; needs Debian's packages awscli and python3-boto3. */
export default defineConfig({
  test: {
    include: ['test/foreign/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
