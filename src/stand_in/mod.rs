//! stand_in
