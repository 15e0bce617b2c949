// Package landwaiter is the root of the module. It holds no code but the test that states the architecture; start at
// cmd/landwaiter, or with ARCHITECTURE.md.
package landwaiter
