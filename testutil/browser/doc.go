// Package browser opens pages in a headless Chromium, presses keys in them, takes pictures of them,
// and notes what a page must not do: errors on its console, exceptions, what its policy forbids,
// requests to other hosts.
//
// Its tests open the page of proxy/status beside a real proxy and a real cluster. They need
// Chromium, Java, and two checkers from npm, of accessibility (axe) and of HTML and CSS (vnu);
// without them they fail. So they have a build tag of their own, and a target of make that brings
// all that first:
//
//	make browser
//
// This one takes the pictures in docs anew, in two minutes:
//
//	go test -C testutil/browser -count 1 -tags browser -v -run '^TestPictures$' -update
//
// It is a module of its own, so that what it needs does not reach go.mod.
package browser
