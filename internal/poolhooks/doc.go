// Package poolhooks is the side of package pool that faces package proxy and is no
// concern of an embedder: what a pool reports of its servers ([Hooks]), what the proxy
// tells it ([Control]), and its decisions about dials for simulations ([DialPolicy]).
//
// Package pool sets [Open] and [NewDialPolicy] when it is initialized; a package that
// uses them imports it.
package poolhooks
