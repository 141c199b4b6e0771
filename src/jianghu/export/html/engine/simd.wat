;; Matrix products on 128-bit vectors, four sums at a time. Assembled into simd.js by
;;   wat2wasm simd.wat -o simd.wasm && base64 -w0 simd.wasm
;; (wabt 1.0.36). Addresses are in bytes, sizes in floats; `inner` is a multiple of 4, `outs` at least 4.
(module
  (import "env" "memory" (memory 1))

  ;; The products of the vector at $p with those at $q, $q + $step, $q + 2 $step and $q + 3 $step.
  (func $dots (param $p i32) (param $q i32) (param $step i32) (param $inner i32) (result v128)
    (local $end i32) (local $q1 i32) (local $q2 i32) (local $q3 i32) (local $v v128)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local.set $end (i32.add (local.get $p) (i32.shl (local.get $inner) (i32.const 2))))
    (local.set $q1 (i32.add (local.get $q) (local.get $step)))
    (local.set $q2 (i32.add (local.get $q1) (local.get $step)))
    (local.set $q3 (i32.add (local.get $q2) (local.get $step)))
    (loop $next
      (local.set $v (v128.load (local.get $p)))
      (local.set $a (f32x4.add (local.get $a) (f32x4.mul (local.get $v) (v128.load (local.get $q)))))
      (local.set $b (f32x4.add (local.get $b) (f32x4.mul (local.get $v) (v128.load (local.get $q1)))))
      (local.set $c (f32x4.add (local.get $c) (f32x4.mul (local.get $v) (v128.load (local.get $q2)))))
      (local.set $d (f32x4.add (local.get $d) (f32x4.mul (local.get $v) (v128.load (local.get $q3)))))
      (local.set $q (i32.add (local.get $q) (i32.const 16)))
      (local.set $q1 (i32.add (local.get $q1) (i32.const 16)))
      (local.set $q2 (i32.add (local.get $q2) (i32.const 16)))
      (local.set $q3 (i32.add (local.get $q3) (i32.const 16)))
      (br_if $next (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 16))) (local.get $end))))
    ;; (a0 + a2, a1 + a3, b0 + b2, b1 + b3), the same of c and d; then the even and the odd places of both.
    (local.set $a (f32x4.add
      (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $a) (local.get $b))
      (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $a) (local.get $b))))
    (local.set $c (f32x4.add
      (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $c) (local.get $d))
      (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $c) (local.get $d))))
    (f32x4.add
      (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27 (local.get $a) (local.get $c))
      (i8x16.shuffle 4 5 6 7 12 13 14 15 20 21 22 23 28 29 30 31 (local.get $a) (local.get $c))))

  ;; $out (rows, outs) = $x (rows, inner) times the transpose of $w (outs, inner).
  (func (export "matmul") (param $out i32) (param $x i32) (param $w i32)
        (param $rows i32) (param $inner i32) (param $outs i32)
    (local $o i32) (local $wide i32) (local $step i32) (local $at i32) (local $sums v128)
    (local.set $step (i32.shl (local.get $inner) (i32.const 2)))
    (local.set $wide (i32.shl (local.get $outs) (i32.const 2)))
    ;; Four rows against one row of weights at a time.
    (block $few
      (loop $rows4
        (br_if $few (i32.lt_u (local.get $rows) (i32.const 4)))
        (local.set $o (i32.const 0))
        (loop $next
          (local.set $sums (call $dots
            (i32.add (local.get $w) (i32.mul (local.get $o) (local.get $step)))
            (local.get $x) (local.get $step) (local.get $inner)))
          (local.set $at (i32.add (local.get $out) (i32.shl (local.get $o) (i32.const 2))))
          (f32.store (local.get $at) (f32x4.extract_lane 0 (local.get $sums)))
          (local.set $at (i32.add (local.get $at) (local.get $wide)))
          (f32.store (local.get $at) (f32x4.extract_lane 1 (local.get $sums)))
          (local.set $at (i32.add (local.get $at) (local.get $wide)))
          (f32.store (local.get $at) (f32x4.extract_lane 2 (local.get $sums)))
          (local.set $at (i32.add (local.get $at) (local.get $wide)))
          (f32.store (local.get $at) (f32x4.extract_lane 3 (local.get $sums)))
          (br_if $next (i32.lt_u (local.tee $o (i32.add (local.get $o) (i32.const 1))) (local.get $outs))))
        (local.set $rows (i32.sub (local.get $rows) (i32.const 4)))
        (local.set $x (i32.add (local.get $x) (i32.shl (local.get $step) (i32.const 2))))
        (local.set $out (i32.add (local.get $out) (i32.shl (local.get $wide) (i32.const 2))))
        (br $rows4)))
    ;; What is left, one row against four rows of weights; the last four may overlap those before them.
    (block $none
      (loop $row
        (br_if $none (i32.eqz (local.get $rows)))
        (local.set $o (i32.const 0))
        (loop $next
          (if (i32.gt_u (i32.add (local.get $o) (i32.const 4)) (local.get $outs))
            (then (local.set $o (i32.sub (local.get $outs) (i32.const 4)))))
          (v128.store
            (i32.add (local.get $out) (i32.shl (local.get $o) (i32.const 2)))
            (call $dots
              (local.get $x)
              (i32.add (local.get $w) (i32.mul (local.get $o) (local.get $step)))
              (local.get $step) (local.get $inner)))
          (br_if $next (i32.lt_u (local.tee $o (i32.add (local.get $o) (i32.const 4))) (local.get $outs))))
        (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
        (local.set $x (i32.add (local.get $x) (local.get $step)))
        (local.set $out (i32.add (local.get $out) (local.get $wide)))
        (br $row)))))
