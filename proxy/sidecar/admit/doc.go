// Package admit decides who may connect to a sidecar: a program that carries what comes in
// to the cluster's servers, with a client certificate that is its own. Whoever may connect
// may do with the cluster what that certificate allows, so being on the same machine is not
// enough.
//
// [CheckListen] is about addresses: a sidecar listens on loopback, and anywhere else only
// where that was allowed and TLS asks for client certificates. [Gate.Admit] is about
// connections. On Linux one is served if the socket at its other end belongs to root, to
// the user of this process, or to a user who was allowed. Elsewhere the owner of a socket
// cannot be asked for, and TLS with client certificates takes its place.
//
// # How the owner is found
//
// The kernel is asked for one socket by its addresses (sock_diag, through netlink), which
// takes the same time however many sockets there are; the tables below /proc would have to
// be read whole, and change meanwhile. What comes back counts only if
//
//   - a file still belongs to it: a socket whose owner has closed it is root's to many kernels;
//   - it is connected, and not about to be;
//   - this side's own socket is found after it, with the inode of the connection that is asked
//     about: so the addresses meant this connection all the time, and in this network
//     namespace.
//
// Everything else is a refusal: a connection is never served because something could not be
// found out.
//
// A uid is what the user namespace of this process makes of it. One that has no place there
// reads as 65534: do not allow that one in such a namespace. Root in a container that shares
// the host's network and users is root.
package admit
