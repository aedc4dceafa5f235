// Package poolhooks is the side of package pool that faces package proxy and is no
// concern of an embedder: what a pool reports of its servers ([Hooks]), and what the proxy
// tells it ([Control]).
//
// Package pool sets [Open] when it is initialized; a package that uses it imports that.
package poolhooks
