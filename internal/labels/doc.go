// Package labels bounds the sets of labels that the plugins under proxy/plugin give to
// metrics and traces: so many names have labels of their own, all others share one. It also
// knows which names may be shown.
package labels
