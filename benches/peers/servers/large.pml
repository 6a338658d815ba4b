/* Every state of journeys/explore_large.journey, as `src/stateright.rs` has it: its nodes, its counters, and
   what its properties speak of. One turn of the loop is one node, so both count the same states. */

mtype = {
  credentials, check, attempts, lock, account, known, generate, send, enter, again, stronger, terms,
  reconsider, wait, patience, strongest, success, failure
}

mtype at = credentials;
bool second, password, first_verified, second_verified, locked;
byte attempts_spent, first_codes, second_codes, refusals, exits, checks, level;

/* One of two ways: back to be tried again, or on once the limit is spent. */
inline limit(count, most, retry, reject) {
  if
  :: count < most -> count++; at = retry
  :: else -> at = reject
  fi
}

inline verified(yes) {
  if
  :: second -> second_verified = yes
  :: else -> first_verified = yes
  fi
}

active proctype journey() {
end:
  do
  :: d_step { at == credentials -> at = check }
  :: d_step { at == check -> checks++; password = true; at = account }
  :: d_step { at == check -> checks++; password = false; at = attempts }
  :: d_step { at == attempts -> limit(attempts_spent, 7, credentials, lock) }
  :: d_step { at == lock -> locked = true; at = failure }
  :: d_step { at == account -> at = known }
  :: d_step { at == account -> at = failure }
  :: d_step { at == known -> level = level + 10; at = generate }
  :: d_step { at == generate -> at = send }
  :: d_step { at == send -> at = enter }
  :: d_step { at == send -> at = failure }
  :: d_step { at == enter -> verified(true);
       if
       :: second -> at = strongest
       :: else -> at = stronger
       fi
     }
  :: d_step { at == enter -> verified(false); at = again }
  :: d_step { at == again && second -> limit(second_codes, 9, enter, failure) }
  :: d_step { at == again && !second -> limit(first_codes, 9, enter, failure) }
  :: d_step { at == stronger -> level = level + 10; at = terms }
  :: d_step { at == terms -> at = wait }
  :: d_step { at == terms -> at = reconsider }
  :: d_step { at == reconsider -> limit(refusals, 15, terms, failure) }
  :: d_step { at == wait -> second = true; at = generate }
  :: d_step { at == wait -> second = false; at = patience }
  :: d_step { at == patience -> limit(exits, 15, wait, failure) }
  :: d_step { at == strongest -> level = level + 10; at = success;
       assert(password && first_verified && second_verified && checks <= 8 && !locked && level == 30)
     }
  od
}
