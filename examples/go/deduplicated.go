package main

import "sync"

// keysMax is how many keys are kept in memory, the newest ones. A system whose work must not be done twice after a restart
// either keeps them in the database that it works on, in the same transaction.
const keysMax = 10_000

// deduplicated runs a task once for each key: a key that comes again gets the first one's result, also while it still
// runs. A task that fails is forgotten, so that it can be tried again.
type deduplicated[T any] struct {
	mu      sync.Mutex
	results map[string]*result[T]
	// order holds the keys of results, the oldest first.
	order []string
}

type result[T any] struct {
	done  chan struct{}
	value T
	err   error
}

func (d *deduplicated[T]) do(key string, task func() (T, error)) (T, error) {
	d.mu.Lock()
	if earlier, found := d.results[key]; found {
		d.mu.Unlock()
		<-earlier.done
		return earlier.value, earlier.err
	}
	if d.results == nil {
		d.results = map[string]*result[T]{}
	}
	first := &result[T]{done: make(chan struct{})}
	d.results[key] = first
	d.order = append(d.order, key)
	if len(d.order) > keysMax {
		delete(d.results, d.order[0])
		d.order = d.order[1:]
	}
	d.mu.Unlock()

	first.value, first.err = task()
	if first.err != nil {
		d.forget(key, first)
	}
	close(first.done)
	return first.value, first.err
}

func (d *deduplicated[T]) forget(key string, failed *result[T]) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.results[key] != failed {
		return
	}
	delete(d.results, key)
	for index, kept := range d.order {
		if kept == key {
			d.order = append(d.order[:index:index], d.order[index+1:]...)
			return
		}
	}
}
