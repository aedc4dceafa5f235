package planted

import . "sync"

type dotted struct {
	RWMutex // want `sync.RWMutex is not used here`
}
