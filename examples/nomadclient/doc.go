// Package nomadclient is how the client of Nomad would use this library, in two steps: first
// the list of servers only, over the connections that the client has, then connections and
// calls too. docs/nomad-client.md says which part of the client each piece takes the place of.
package nomadclient
