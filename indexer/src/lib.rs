pub mod index;
pub mod normalize;
pub mod query;
